# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Intel's VMX, by Bochs: EPT, VPID, unrestricted guests, virtual NMIs and, with
# the default model, virtualization of APIC registers, virtual interrupt delivery
# and posted interrupts ("--xen-append apicv=0" switches these three off).
# shellcheck disable=SC2154 # lab/run and common.sh set the variables
# shellcheck source-path=SCRIPTDIR source=bochs.sh
. "$lab_dir/bochs.sh"

emulator_command() { bochs_command "${lab_model:-corei7_skylake_x}"; }
