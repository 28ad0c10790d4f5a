/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * SSH_AUTH_INFO_0 of logins by certificates, as a string of JSON. Signatures are not checked: the
 * first is ssh-keygen's (tests/unit/test-auth-info-certificate.c says how), the second the same
 * with other times in it.
 */
#ifndef SESSMGR_TESTS_DAEMON_CERTIFICATE_H
#define SESSMGR_TESTS_DAEMON_CERTIFICATE_H

#include <stdint.h>

#define CERTIFICATE_START_                                                                 \
    "publickey ssh-ed25519-cert-v01@openssh.com "                                          \
    "AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIDP+YsImuJNn6pbYSZECAEua4QDXDdy2" \
    "nWq6VgFxCOe9AAAAIEeY1MzVR3xYVZjL/o2EqORJGnRqL9Y1LoEvBgOqhcgXESIzRFVmd4gAAAABAAAACmFs" \
    "aWNlQDIwMzAAAAAQAAAABWFsaWNlAAAAA29wcwAAAA"
#define CERTIFICATE_END_                                                                   \
    "AAAmAAAADnNvdXJjZS1hZGRyZXNzAAAAEAAAAAwxOTIuMC4yLjAvMjQAAAASAAAACnBlcm1pdC1wdHkAAAAA" \
    "AAAAAAAAADMAAAALc3NoLWVkMjU1MTkAAAAg+MXYg5UGR0s0W7DJ1wksruibKbBO+LbapgSTYQBDZQQAAABT" \
    "AAAAC3NzaC1lZDI1NTE5AAAAQF9fonzWJb05ffyzX7Z6UgX6A45xvi3wXNBVVIVwS3JwLXYV9kxda/8d7KG+" \
    "AqMKq32yHyEKxd6d5rH997qDeQ4=\\\\n"

/* Valid on the first of January 2030, and on that of 2001. */
#define CERTIFICATE_OF_2030 CERTIFICATE_START_ "Bw29iAAAAAAHDdKgAA" CERTIFICATE_END_
#define CERTIFICATE_OF_2001 CERTIFICATE_START_ "A6T8iAAAAAADpRGgAA" CERTIFICATE_END_

#define CERTIFICATE_OF_2030_ENDS_SEC INT64_C(1893542400)

#endif
