# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# AMD-V, by Bochs: INT3, INTO and INT n, ICEBP, #AC and the error codes behave
# like hardware's, where QEMU's do not (lab/guests/truth/cases.c). But a guest's
# CR2 does not survive the time in which another vCPU or dom0 has its CPU: what
# handles page faults, so Linux, is not to be trusted here.
# shellcheck disable=SC2154 # lab/run and common.sh set the variables
# shellcheck source-path=SCRIPTDIR source=bochs.sh
. "$lab_dir/bochs.sh"

emulator_command() { bochs_command "${lab_model:-ryzen}"; }
