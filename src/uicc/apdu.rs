//! Command APDUs, logical channels and status words (ETSI TS 102 221 sections 10.1 and 10.2, ISO/IEC 7816-4).
