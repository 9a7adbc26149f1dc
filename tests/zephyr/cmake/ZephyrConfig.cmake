# Stands for Zephyr's CMake package where there is no Zephyr: the sample's and the module's CMakeLists.txt run as they are, with the few
# commands of Zephyr that they use, and what comes out is linked. Another command than these is an error, as a typo is.
#
#   DOTCONFIG       the .config that tests/zephyr/configure.py has written
#   FAKE_SOURCES    C files that are linked to the image, a list
#   FAKE_LINK       linker flags and libraries behind everything
cmake_minimum_required(VERSION 3.20)
project(FakeZephyr LANGUAGES C)
set(fake_zephyr ${CMAKE_CURRENT_LIST_DIR}/..)

# ---- CONFIG_… as variables, as Zephyr's import_kconfig() leaves them: what is n does not exist
if(DOTCONFIG)
  file(STRINGS ${DOTCONFIG} lines REGEX "^CONFIG_[A-Z0-9_]+=")
  foreach(line IN LISTS lines)
    string(REGEX MATCH "^([A-Z0-9_]+)=(.*)$" _ "${line}")
    set(value "${CMAKE_MATCH_2}")
    set(name ${CMAKE_MATCH_1})
    string(REGEX REPLACE "^\"(.*)\"$" "\\1" value "${value}")
    set(${name} "${value}")
  endforeach()
endif()

# ---- What a module and an application may call

add_library(zephyr_interface INTERFACE)
target_include_directories(zephyr_interface INTERFACE ${fake_zephyr}/include)
if(DOTCONFIG)
  get_filename_component(configured ${DOTCONFIG} DIRECTORY)
  target_compile_options(zephyr_interface INTERFACE -include ${configured}/autoconf.h)
endif()
set_property(GLOBAL PROPERTY ZEPHYR_LIBS app)

add_library(app STATIC)
target_link_libraries(app PUBLIC zephyr_interface)

function(zephyr_include_directories)
  target_include_directories(zephyr_interface INTERFACE ${ARGN})
endfunction()

macro(zephyr_library_named name)
  set(ZEPHYR_CURRENT_LIBRARY ${name})
  add_library(${name} STATIC)
  target_link_libraries(${name} PUBLIC zephyr_interface)
  set_property(GLOBAL APPEND PROPERTY ZEPHYR_LIBS ${name})
endmacro()

function(zephyr_library_sources)
  foreach(source IN LISTS ARGN)
    if(NOT EXISTS ${source})
      message(FATAL_ERROR "there is no ${source}")
    endif()
  endforeach()
  target_sources(${ZEPHYR_CURRENT_LIBRARY} PRIVATE ${ARGN})
endfunction()

function(zephyr_library_sources_ifdef option)
  if(${${option}})
    zephyr_library_sources(${ARGN})
  endif()
endfunction()

function(zephyr_library_link_libraries)
  target_link_libraries(${ZEPHYR_CURRENT_LIBRARY} PUBLIC ${ARGN})
endfunction()

# ---- The modules, by their module.yml
set(APPLICATION_SOURCE_DIR ${CMAKE_CURRENT_SOURCE_DIR})
foreach(module IN LISTS EXTRA_ZEPHYR_MODULES)
  file(READ ${module}/zephyr/module.yml yaml)
  if(NOT yaml MATCHES "\n  cmake: ([^\n]+)\n")
    message(FATAL_ERROR "${module}/zephyr/module.yml names no folder for CMake")
  endif()
  add_subdirectory(${module}/${CMAKE_MATCH_1} ${CMAKE_CURRENT_BINARY_DIR}/modules/whimbrel)
endforeach()

# ---- The image: all that the libraries have, then what they link to
if(NOT FAKE_NO_IMAGE)
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/empty.c "typedef int nothing;\n")
  add_executable(image ${CMAKE_CURRENT_BINARY_DIR}/empty.c ${FAKE_SOURCES})
  get_property(libraries GLOBAL PROPERTY ZEPHYR_LIBS)
  target_include_directories(image PRIVATE ${fake_zephyr}/fake)
  target_link_libraries(image PRIVATE zephyr_interface -Wl,--whole-archive ${libraries} -Wl,--no-whole-archive ${FAKE_LINK})
endif()
