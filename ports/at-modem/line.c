/* A serial device by termios, or a Unix socket that stands for one. */

/* Rates above 38400 and raw mode are no part of POSIX.1-2008; every system has them by default. */
#define _DEFAULT_SOURCE
#define _DARWIN_C_SOURCE
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include "line.h"
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

static const struct {
    uint32_t baud;
    speed_t speed;
} rates[] = {
    { 9600, B9600 },     { 19200, B19200 }, { 38400, B38400 },
#ifdef B57600
    { 57600, B57600 },
#endif
#ifdef B115200
    { 115200, B115200 },
#endif
#ifdef B230400
    { 230400, B230400 },
#endif
#ifdef B460800
    { 460800, B460800 },
#endif
#ifdef B921600
    { 921600, B921600 },
#endif
};

static const speed_t *speed_of(uint32_t baud)
{
    size_t i;
    for (i = 0; i < sizeof rates / sizeof *rates; i++) {
        if (rates[i].baud == baud) return &rates[i].speed;
    }
    return NULL;
}

int at_line_knows(uint32_t baud)
{
    return baud == 0 || speed_of(baud) != NULL;
}

/* No character may be changed, held back or taken for a signal. Without HUPCL the modem is not hung up when we end. */
static int set_up(int fd, uint32_t baud)
{
    struct termios line;
    const speed_t *speed = speed_of(baud);

    if (tcgetattr(fd, &line) < 0) return -1;
    line.c_iflag &=
        ~(tcflag_t)(BRKINT | ICRNL | IGNBRK | IGNCR | INLCR | INPCK | ISTRIP | IXOFF | IXON | PARMRK);
    line.c_oflag &= ~(tcflag_t)OPOST;
    line.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN | ISIG);
    line.c_cflag &= ~(tcflag_t)(CSIZE | CSTOPB | HUPCL | PARENB);
    line.c_cflag |= (tcflag_t)(CLOCAL | CREAD | CS8);
#ifdef CRTSCTS
    /* three wires are enough: where the others are missing, nothing would be sent */
    line.c_cflag &= ~(tcflag_t)CRTSCTS;
#endif
    line.c_cc[VMIN] = 1;
    line.c_cc[VTIME] = 0;
    if (speed != NULL && (cfsetispeed(&line, *speed) < 0 || cfsetospeed(&line, *speed) < 0)) return -1;
    return tcsetattr(fd, TCSANOW, &line);
}

static int open_socket(const char *path)
{
    struct sockaddr_un address;
    int fd;

    if (strlen(path) >= sizeof address.sun_path) return -1;
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    memcpy(address.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0) return -1;
    /* before connect(): nobody waits for one that does not accept */
    if (fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
        connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

int at_line_open(const char *path, uint32_t baud)
{
    int fd;

    if (strncmp(path, "unix:", 5) == 0) return open_socket(path + 5);
    /* without waiting for a carrier, and not as the terminal that sends us signals */
    fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return -1;
    if (set_up(fd, baud) == 0) return fd;
    close(fd);
    return -1;
}
