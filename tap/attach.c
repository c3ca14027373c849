/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The life of the tap: what Xen's live-patch machinery calls, in which order,
 * is told in tap/tap.h.  Everything here is a short list of steps; the steps
 * are elsewhere.
 */
#include "tap.h"

/*
 * Xen's tool may ask for the revert while post-apply still runs on another
 * pCPU: post-apply owns the tap until it says READY.
 */
static enum { DETACHED, ATTACHING, READY } phase;

static int pre_apply(struct payload *payload)
{
    int rc;

    (void)payload;
    if ( (rc = tap_check_params()) || (rc = tap_doorway_check()) ||
         (rc = tap_check_invariants()) || (rc = tap_sites_check()) ||
         (rc = tap_softirqs_check()) || (rc = tap_evtchn_check()) )
        return rc;
    return 0;
}

/* All CPUs parked: all sites or none. */
static void load(void)
{
    phase = ATTACHING;
    tap_sites_retarget();
    tap_softirqs_swap();
    tap_evtchn_swap();
}

static void post_apply(struct payload *payload)
{
    int rc;

    (void)payload;
    if ( phase != ATTACHING )
        return; /* Xen did not apply us after all */

    rc = tap_memory_alloc();
    if ( !rc )
        tap_memory_show(true);
    else
        printk(XENLOG_ERR "idtap: not enough free memory for the rings\n");
    tap_doorway_state(rc ? "failed: Xen has not enough free memory for the "
                           "rings; detach, and attach with smaller ones"
                         : "ready");
    tap_doorway_open();
    __atomic_store_n(&phase, READY, __ATOMIC_RELEASE);
}

static int pre_revert(struct payload *payload)
{
    int rc;

    (void)payload;
    /* Pairs with the release in post_apply(). */
    if ( __atomic_load_n(&phase, __ATOMIC_ACQUIRE) != READY )
        return -XEN_EBUSY;
    if ( tap_memory_held() )
    {
        printk(XENLOG_ERR "idtap: detach refused: a process in dom0 still maps "
               "the rings\n");
        return -IDTAP_REFUSE_HELD;
    }
    if ( (rc = tap_recording_stop(true)) )
        return rc;
    rc = tap_memory_free();
    if ( rc )
        (void)tap_recording_stop(false);
    else
        tap_doorway_state("detaching");
    return rc;
}

/*
 * All CPUs parked.  A vCPU that waits inside Xen for a monitor (vm_event) has
 * its stack saved away, with the return address of a hook on it perhaps; Xen
 * looks for that before it applies a payload but not before it reverts one.
 */
static int revert(struct payload *payload)
{
    if ( arch_livepatch_safety_check() )
        return -IDTAP_REFUSE_WAITING;
    return revert_payload(payload);
}

static void unload(void)
{
    tap_evtchn_restore();
    tap_softirqs_restore();
    tap_sites_restore();
    tap_doorway_unlink();
    phase = DETACHED;
}

#define HOOK(when, fn) \
    static const void *const when##_hook \
        __attribute__((used, section(".livepatch.hooks." #when))) = fn

HOOK(preapply, pre_apply);
HOOK(load, load);
HOOK(postapply, post_apply);
HOOK(prerevert, pre_revert);
HOOK(revert, revert);
HOOK(unload, unload);

/* Placeholders that the library fills in before the upload. */
const struct idtap_params tap_params
    __attribute__((used, section(IDTAP_PARAMS_SECTION))) = {
    .abi_version = IDTAP_ABI_VERSION,
    .size = sizeof(struct idtap_params),
};

struct build_id_note {
    uint32_t namesz, descsz, type;
    char name[4];
    uint8_t desc[IDTAP_BUILD_ID_LEN];
};
#define NOTE(var, sec) \
    static const struct build_id_note var \
        __attribute__((used, aligned(4), section(sec))) = { \
        4, IDTAP_BUILD_ID_LEN, 3 /* NT_GNU_BUILD_ID */, "GNU", { 0 } \
    }
NOTE(note_self, ".note.gnu.build-id");
NOTE(note_depends, ".livepatch.depends");
NOTE(note_xen_depends, ".livepatch.xen_depends");

static const char modinfo[] __attribute__((used, section(".modinfo"))) =
    "idtap=" IDTAP_VERSION;
