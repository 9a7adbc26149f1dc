/* The image's network: QEMU's own, where the host's loopback is 10.0.2.2. */
#ifndef NETWORK_H
#define NETWORK_H

/* Starts lwIP, the Ethernet interface and DHCP. Before the scheduler runs, or from a task. */
void network_start(void);

/* Waits for an address; 0 if none came within 20 s. */
int network_ready(void);

/* The port of the name server; 53 unless told otherwise. */
extern unsigned short network_dns_port;

/* Names are asked for at this address, "10.0.2.2" for one on the host. */
void network_dns(const char *address, unsigned short port);

#endif /* NETWORK_H */
