/* SPDX-License-Identifier: GPL-2.0-only */
/* The export format that is the command line's own. */
#ifndef IDTAP_EXPORT_JSONL_H
#define IDTAP_EXPORT_JSONL_H

#include <idtap/export.h>

extern const struct idtap_export_format export_jsonl;

#endif /* IDTAP_EXPORT_JSONL_H */
