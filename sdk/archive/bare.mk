# Builds the example for bare metal against lib/libwhimbrel.a: needs a C compiler for ARM with newlib, and make.
#
#   make        build/bare-metal.elf, for one of QEMU's boards
#   make run    runs it there; it ends with status 0 if all went well
CC = arm-none-eabi-gcc
CFLAGS = -Os
CPU = @FLAGS@
BOARD = @BOARD@
MEMORY = @MEMORY@
STANDARD = -std=c99 -Wall -Wextra -Wpedantic -ffunction-sections -fdata-sections
# what a program does not name is left out
LINK = --specs=nano.specs -nostartfiles -Wl,--gc-sections -Wl,-z,noexecstack -Lexamples-c/bare-metal -T$(MEMORY)

.PHONY: all run clean
all: build/bare-metal.elf

build/bare-metal.elf: $(wildcard examples-c/bare-metal/*) lib/libwhimbrel.a include/whimbrel.h
	@mkdir -p build
	$(CC) $(CPU) $(CFLAGS) $(STANDARD) -Iinclude examples-c/bare-metal/*.c lib/libwhimbrel.a $(LDFLAGS) $(LINK) -o $@

run: build/bare-metal.elf
	qemu-system-arm -M $(BOARD) -display none -monitor none -serial none -semihosting-config enable=on,target=native -kernel $<

clean:
	rm -rf build
