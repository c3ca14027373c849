/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why a guest left the CPU: AMD's SVM exit codes (APM volume 2, appendix
 * "SVM Intercept Exit Codes") and Intel's VMX basic exit reasons (SDM volume
 * 3, appendix "VMX Basic Exit Reasons").  Sorted by code: looked up by
 * bisection.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <idtap/names.h>

static const struct idtap_reason svm[] = {
    { 0x0, "CR0_READ" }, { 0x1, "CR1_READ" }, { 0x2, "CR2_READ" },
    { 0x3, "CR3_READ" }, { 0x4, "CR4_READ" }, { 0x5, "CR5_READ" },
    { 0x6, "CR6_READ" }, { 0x7, "CR7_READ" }, { 0x8, "CR8_READ" },
    { 0x9, "CR9_READ" }, { 0xa, "CR10_READ" }, { 0xb, "CR11_READ" },
    { 0xc, "CR12_READ" }, { 0xd, "CR13_READ" }, { 0xe, "CR14_READ" },
    { 0xf, "CR15_READ" }, { 0x10, "CR0_WRITE" }, { 0x11, "CR1_WRITE" },
    { 0x12, "CR2_WRITE" }, { 0x13, "CR3_WRITE" }, { 0x14, "CR4_WRITE" },
    { 0x15, "CR5_WRITE" }, { 0x16, "CR6_WRITE" }, { 0x17, "CR7_WRITE" },
    { 0x18, "CR8_WRITE" }, { 0x19, "CR9_WRITE" }, { 0x1a, "CR10_WRITE" },
    { 0x1b, "CR11_WRITE" }, { 0x1c, "CR12_WRITE" }, { 0x1d, "CR13_WRITE" },
    { 0x1e, "CR14_WRITE" }, { 0x1f, "CR15_WRITE" }, { 0x20, "DR0_READ" },
    { 0x21, "DR1_READ" }, { 0x22, "DR2_READ" }, { 0x23, "DR3_READ" },
    { 0x24, "DR4_READ" }, { 0x25, "DR5_READ" }, { 0x26, "DR6_READ" },
    { 0x27, "DR7_READ" }, { 0x28, "DR8_READ" }, { 0x29, "DR9_READ" },
    { 0x2a, "DR10_READ" }, { 0x2b, "DR11_READ" }, { 0x2c, "DR12_READ" },
    { 0x2d, "DR13_READ" }, { 0x2e, "DR14_READ" }, { 0x2f, "DR15_READ" },
    { 0x30, "DR0_WRITE" }, { 0x31, "DR1_WRITE" }, { 0x32, "DR2_WRITE" },
    { 0x33, "DR3_WRITE" }, { 0x34, "DR4_WRITE" }, { 0x35, "DR5_WRITE" },
    { 0x36, "DR6_WRITE" }, { 0x37, "DR7_WRITE" }, { 0x38, "DR8_WRITE" },
    { 0x39, "DR9_WRITE" }, { 0x3a, "DR10_WRITE" }, { 0x3b, "DR11_WRITE" },
    { 0x3c, "DR12_WRITE" }, { 0x3d, "DR13_WRITE" }, { 0x3e, "DR14_WRITE" },
    { 0x3f, "DR15_WRITE" }, { 0x40, "EXCEPTION_DE" }, { 0x41, "EXCEPTION_DB" },
    { 0x42, "EXCEPTION_NMI" }, { 0x43, "EXCEPTION_BP" },
    { 0x44, "EXCEPTION_OF" }, { 0x45, "EXCEPTION_BR" },
    { 0x46, "EXCEPTION_UD" }, { 0x47, "EXCEPTION_NM" },
    { 0x48, "EXCEPTION_DF" }, { 0x4a, "EXCEPTION_TS" },
    { 0x4b, "EXCEPTION_NP" }, { 0x4c, "EXCEPTION_SS" },
    { 0x4d, "EXCEPTION_GP" }, { 0x4e, "EXCEPTION_PF" },
    { 0x50, "EXCEPTION_MF" }, { 0x51, "EXCEPTION_AC" },
    { 0x52, "EXCEPTION_MC" }, { 0x53, "EXCEPTION_XM" },
    { 0x55, "EXCEPTION_CP" }, { 0x5c, "EXCEPTION_HV" },
    { 0x5d, "EXCEPTION_VC" }, { 0x5e, "EXCEPTION_SX" }, { 0x60, "INTR" },
    { 0x61, "NMI" }, { 0x62, "SMI" }, { 0x63, "INIT" }, { 0x64, "VINTR" },
    { 0x65, "CR0_SEL_WRITE" }, { 0x66, "IDTR_READ" }, { 0x67, "GDTR_READ" },
    { 0x68, "LDTR_READ" }, { 0x69, "TR_READ" }, { 0x6a, "IDTR_WRITE" },
    { 0x6b, "GDTR_WRITE" }, { 0x6c, "LDTR_WRITE" }, { 0x6d, "TR_WRITE" },
    { 0x6e, "RDTSC" }, { 0x6f, "RDPMC" }, { 0x70, "PUSHF" }, { 0x71, "POPF" },
    { 0x72, "CPUID" }, { 0x73, "RSM" }, { 0x74, "IRET" }, { 0x75, "SWINT" },
    { 0x76, "INVD" }, { 0x77, "PAUSE" }, { 0x78, "HLT" }, { 0x79, "INVLPG" },
    { 0x7a, "INVLPGA" }, { 0x7b, "IOIO" }, { 0x7c, "MSR" },
    { 0x7d, "TASK_SWITCH" }, { 0x7e, "FERR_FREEZE" }, { 0x7f, "SHUTDOWN" },
    { 0x80, "VMRUN" }, { 0x81, "VMMCALL" }, { 0x82, "VMLOAD" },
    { 0x83, "VMSAVE" }, { 0x84, "STGI" }, { 0x85, "CLGI" }, { 0x86, "SKINIT" },
    { 0x87, "RDTSCP" }, { 0x88, "ICEBP" }, { 0x89, "WBINVD" },
    { 0x8a, "MONITOR" }, { 0x8b, "MWAIT" }, { 0x8c, "MWAIT_CONDITIONAL" },
    { 0x8d, "XSETBV" }, { 0x8e, "RDPRU" }, { 0x8f, "EFER_WRITE_TRAP" },
    { 0x90, "CR0_WRITE_TRAP" }, { 0x91, "CR1_WRITE_TRAP" },
    { 0x92, "CR2_WRITE_TRAP" }, { 0x93, "CR3_WRITE_TRAP" },
    { 0x94, "CR4_WRITE_TRAP" }, { 0x95, "CR5_WRITE_TRAP" },
    { 0x96, "CR6_WRITE_TRAP" }, { 0x97, "CR7_WRITE_TRAP" },
    { 0x98, "CR8_WRITE_TRAP" }, { 0x99, "CR9_WRITE_TRAP" },
    { 0x9a, "CR10_WRITE_TRAP" }, { 0x9b, "CR11_WRITE_TRAP" },
    { 0x9c, "CR12_WRITE_TRAP" }, { 0x9d, "CR13_WRITE_TRAP" },
    { 0x9e, "CR14_WRITE_TRAP" }, { 0x9f, "CR15_WRITE_TRAP" },
    { 0xa0, "INVLPGB" }, { 0xa1, "INVLPGB_ILLEGAL" }, { 0xa2, "INVPCID" },
    { 0xa3, "MCOMMIT" }, { 0xa4, "TLBSYNC" }, { 0xa5, "BUSLOCK" },
    { 0xa6, "IDLE_HLT" }, { 0x400, "NPF" }, { 0x401, "AVIC_INCOMPLETE_IPI" },
    { 0x402, "AVIC_NOACCEL" }, { 0x403, "VMGEXIT" },
    { 0xfffc, "INVALID_PMC" }, { 0xfffd, "IDLE_REQUIRED" }, { 0xfffe, "BUSY" },
    { 0xffff, "INVALID" }, /* the last four are -4 to -1, as records have them */
};

static const struct idtap_reason vmx[] = {
    { 0, "EXCEPTION_NMI" }, { 1, "EXTERNAL_INTERRUPT" }, { 2, "TRIPLE_FAULT" },
    { 3, "INIT" }, { 4, "SIPI" }, { 5, "IO_SMI" }, { 6, "OTHER_SMI" },
    { 7, "INTERRUPT_WINDOW" }, { 8, "NMI_WINDOW" }, { 9, "TASK_SWITCH" },
    { 10, "CPUID" }, { 11, "GETSEC" }, { 12, "HLT" }, { 13, "INVD" },
    { 14, "INVLPG" }, { 15, "RDPMC" }, { 16, "RDTSC" }, { 17, "RSM" },
    { 18, "VMCALL" }, { 19, "VMCLEAR" }, { 20, "VMLAUNCH" }, { 21, "VMPTRLD" },
    { 22, "VMPTRST" }, { 23, "VMREAD" }, { 24, "VMRESUME" }, { 25, "VMWRITE" },
    { 26, "VMXOFF" }, { 27, "VMXON" }, { 28, "CR_ACCESS" },
    { 29, "DR_ACCESS" }, { 30, "IO_INSTRUCTION" }, { 31, "RDMSR" },
    { 32, "WRMSR" }, { 33, "INVALID_GUEST_STATE" }, { 34, "MSR_LOADING" },
    { 36, "MWAIT" }, { 37, "MONITOR_TRAP_FLAG" }, { 39, "MONITOR" },
    { 40, "PAUSE" }, { 41, "MCE_DURING_ENTRY" }, { 43, "TPR_BELOW_THRESHOLD" },
    { 44, "APIC_ACCESS" }, { 45, "VIRTUALIZED_EOI" },
    { 46, "GDTR_IDTR_ACCESS" }, { 47, "LDTR_TR_ACCESS" },
    { 48, "EPT_VIOLATION" }, { 49, "EPT_MISCONFIG" }, { 50, "INVEPT" },
    { 51, "RDTSCP" }, { 52, "PREEMPTION_TIMER" }, { 53, "INVVPID" },
    { 54, "WBINVD" }, { 55, "XSETBV" }, { 56, "APIC_WRITE" }, { 57, "RDRAND" },
    { 58, "INVPCID" }, { 59, "VMFUNC" }, { 60, "ENCLS" }, { 61, "RDSEED" },
    { 62, "PML_FULL" }, { 63, "XSAVES" }, { 64, "XRSTORS" }, { 65, "PCONFIG" },
    { 66, "SPP" }, { 67, "UMWAIT" }, { 68, "TPAUSE" }, { 69, "LOADIWKEY" },
    { 70, "ENCLV" }, { 72, "ENQCMD_PASID" }, { 73, "ENQCMDS_PASID" },
    { 74, "BUS_LOCK" }, { 75, "NOTIFY" }, { 76, "SEAMCALL" }, { 77, "TDCALL" },
};

enum idtap_vendor idtap_vendor_of(const char *cpu_vendor)
{
    static const struct { const char *name; enum idtap_vendor vendor; } v[] = {
        { "AMD", IDTAP_VENDOR_SVM },
        { "Hygon", IDTAP_VENDOR_SVM },
        { "Intel", IDTAP_VENDOR_VMX },
        { "Centaur", IDTAP_VENDOR_VMX },
        { "Shanghai", IDTAP_VENDOR_VMX },
    };
    size_t i;

    for ( i = 0; i < sizeof(v) / sizeof(v[0]); i++ )
        if ( !strcasecmp(cpu_vendor, v[i].name) )
            return v[i].vendor;

    return IDTAP_VENDOR_UNKNOWN;
}

const struct idtap_reason *idtap_reasons(enum idtap_vendor vendor, size_t *nr)
{
    switch ( vendor )
    {
    case IDTAP_VENDOR_SVM:
        *nr = sizeof(svm) / sizeof(svm[0]);
        return svm;

    case IDTAP_VENDOR_VMX:
        *nr = sizeof(vmx) / sizeof(vmx[0]);
        return vmx;

    default:
        *nr = 0;
        return NULL;
    }
}

static int by_code(const void *a, const void *b)
{
    const struct idtap_reason *x = a, *y = b;

    return x->code < y->code ? -1 : x->code > y->code;
}

const char *idtap_reason_name(enum idtap_vendor vendor, uint32_t code)
{
    const struct idtap_reason key = { .code = code }, *found;
    size_t nr;
    const struct idtap_reason *table = idtap_reasons(vendor, &nr);

    if ( !table )
        return NULL;

    found = bsearch(&key, table, nr, sizeof(key), by_code);
    return found ? found->name : NULL;
}
