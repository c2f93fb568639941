/* notify: tells systemd how a daemon is (sd_notify(3)), without its library. Called by the daemons.
 */
#ifndef SOTTO_NOTIFY_H
#define SOTTO_NOTIFY_H

/* Sends "READY=1" and the like to $NOTIFY_SOCKET; nothing when there is none. */
void notify(const char *state);
/* Half of the watchdog's time in milliseconds; 0 when nobody watches this process. */
int notify_watchdog_ms(void);

#endif
