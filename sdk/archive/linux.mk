# Builds the examples for Linux against lib/libwhimbrel.a: needs a C compiler and make.
#
#   make                           all that need nothing else, into build/
#   make CC=aarch64-linux-gnu-gcc  by a cross compiler
#   make build/psk MBEDTLS_CFLAGS=-I… MBEDTLS_LIBS=…/libmbedtls.a
#                                  one that needs DTLS, with an Mbed TLS of yours (ports/mbedtls/README.md)
CC = cc
CFLAGS = -O2
STANDARD = -std=c99 -Wall -Wextra -Wpedantic
LIBS = -lpthread -ldl -lm
MBEDTLS_CFLAGS =
MBEDTLS_LIBS = -lmbedtls -lmbedx509 -lmbedcrypto

PORT = -Iinclude -Iports/posix -Iports/at-modem $(wildcard ports/posix/*.c ports/at-modem/*.c)
SECURED = $(shell grep -l whimbrel_mbedtls.h examples-c/*.c)
READER = $(shell grep -l whimbrel_pcsc.h examples-c/*.c)
PLAIN = $(filter-out $(SECURED) $(READER),$(wildcard examples-c/*.c))

.PHONY: all clean
all: $(PLAIN:examples-c/%.c=build/%)

$(PLAIN:examples-c/%.c=build/%): build/%: examples-c/%.c lib/libwhimbrel.a
	@mkdir -p build
	$(CC) $(CFLAGS) $(STANDARD) $< $(PORT) lib/libwhimbrel.a $(LDFLAGS) $(LIBS) -o $@

$(SECURED:examples-c/%.c=build/%): build/%: examples-c/%.c lib/libwhimbrel.a
	@mkdir -p build
	$(CC) $(CFLAGS) $(STANDARD) -Iports/mbedtls $(MBEDTLS_CFLAGS) $< $(PORT) ports/mbedtls/*.c lib/libwhimbrel.a \
		$(LDFLAGS) $(MBEDTLS_LIBS) $(LIBS) -o $@

clean:
	rm -rf build
