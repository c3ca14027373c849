/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included before everything else that is built into the payload: every name
 * is hidden, so that the compiler reaches it without a GOT, which Xen's loader
 * does not have.
 */
#pragma GCC visibility push(hidden)
