# How the library for an image's CPU is called, found and built.

# whimbrel_target_of_cpu(OUT): Rust's name of the CPU and of its calling convention, by Zephyr's options.
function(whimbrel_target_of_cpu out)
  set(abi eabi)
  if(CONFIG_FPU AND CONFIG_FP_HARDABI)
    set(abi eabihf)
  endif()
  if(CONFIG_CPU_CORTEX_M0 OR CONFIG_CPU_CORTEX_M0PLUS OR CONFIG_CPU_CORTEX_M1)
    set(name thumbv6m-none-eabi)
  elseif(CONFIG_CPU_CORTEX_M3)
    set(name thumbv7m-none-eabi)
  elseif(CONFIG_CPU_CORTEX_M4 OR CONFIG_CPU_CORTEX_M7)
    set(name thumbv7em-none-${abi})
  elseif(CONFIG_CPU_CORTEX_M23)
    set(name thumbv8m.base-none-eabi)
  elseif(CONFIG_CPU_CORTEX_M33 OR CONFIG_CPU_CORTEX_M55 OR CONFIG_CPU_CORTEX_M85)
    set(name thumbv8m.main-none-${abi})
  elseif(CONFIG_ARM64)
    set(name aarch64-unknown-none)
  else()
    message(FATAL_ERROR "Whimbrel: no library is known for this CPU: set CONFIG_WHIMBREL_TARGET to Rust's name of it")
  endif()
  set(${out} ${name} PARENT_SCOPE)
endfunction()

# whimbrel_find(ROOT TARGET OUT): the path of an archive that exists. That of an SDK is for the one CPU that its name tells.
function(whimbrel_find root target out)
  set(built ${root}/target/firmware/${target}/release/libwhimbrel.a)
  if(CONFIG_WHIMBREL_ARCHIVE)
    get_filename_component(path ${CONFIG_WHIMBREL_ARCHIVE} ABSOLUTE BASE_DIR ${APPLICATION_SOURCE_DIR})
  elseif(EXISTS ${root}/lib/libwhimbrel.a)
    set(path ${root}/lib/libwhimbrel.a)
  else()
    set(path ${built})
  endif()
  if(NOT EXISTS ${path})
    message(FATAL_ERROR "Whimbrel: there is no ${path}. Set CONFIG_WHIMBREL_ARCHIVE, or unpack the SDK's archive for "
      "${target}, or run `make firmware-${target}` in ${root}, or set CONFIG_WHIMBREL_LIBRARY_CARGO=y")
  endif()
  set(${out} ${path} PARENT_SCOPE)
endfunction()

# whimbrel_build(ROOT TARGET OUT): has cargo build it, and tells where it will be. cargo knows what is up to date.
function(whimbrel_build root target out)
  set(opt z)
  set(directory ${root}/target/firmware)
  if(CONFIG_WHIMBREL_OPTIMISE_BALANCE)
    set(opt s)
    set(directory ${directory}-s)
  endif()
  set(path ${directory}/${target}/release/libwhimbrel.a)
  add_custom_target(whimbrel_cargo
    COMMAND ${root}/scripts/firmware.sh ${target} ${opt}
    BYPRODUCTS ${path}
    USES_TERMINAL
    COMMENT "Whimbrel for ${target}"
    )
  set(${out} ${path} PARENT_SCOPE)
endfunction()
