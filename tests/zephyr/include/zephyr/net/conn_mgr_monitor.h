#ifndef FAKE_ZEPHYR_CONN_MGR_H
#define FAKE_ZEPHYR_CONN_MGR_H

void conn_mgr_mon_resend_status(void);

#endif
