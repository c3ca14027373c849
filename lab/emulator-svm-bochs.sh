# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# AMD-V, by Bochs: INT3, INTO and INT n, ICEBP, #AC and the error codes behave
# like hardware's, where QEMU's do not (lab/guests/truth/cases.c), and so does nRIP.
# shellcheck disable=SC2154 # lab/run and common.sh set the variables
# shellcheck source-path=SCRIPTDIR source=bochs.sh
. "$lab_dir/bochs.sh"

emulator_command() { bochs_command "${lab_model:-ryzen}"; }
