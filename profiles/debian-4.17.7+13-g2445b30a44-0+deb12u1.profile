# Xen build: what the tap must know of it; see docs/profiles.md.
idtap-profile 1
build-id 151b373fd64b321593bf987fd923cd10dabadac4
title Debian xen-hypervisor-4.17-amd64 4.17.7+13-g2445b30a44-0+deb12u1

offset vcpu.vcpu_id 0
offset vcpu.processor 4
offset vcpu.domain 16
offset vcpu.arch.hvm.svm.vmcb 1472
offset vcpu.arch.hvm.svm.vmcb_pa 1480
offset vcpu.arch.hvm.nvcpu.nv_guestmode 1960
offset vcpu.arch.hvm.vlapic 1112
offset vcpu.arch.hvm.vmx.secondary_exec_control 1524
offset domain.domain_id 0
offset domain.max_vcpus 4
offset domain.vcpu 8
offset domain.next_in_list 136
offset vcpu.vcpu_info 8
offset vcpu.arch.pv.trap_ctxt 1168
offset domain.options 316
offset domain.evtchn 176
offset evtchn.port 16
offset evtchn.state 12
offset evtchn.u 24
offset cpu_user_regs.entry_vector 124
offset cpu_user_regs.rip 128
offset irq_desc.status 0
offset irq_desc.irq 32
offset page_info.count_info 8
offset cpu_info.guest_cpu_user_regs 264
offset cpu_info.processor_id 64
offset cpu_info.current_vcpu 56
offset cpu_info.per_cpu_offset 48
offset sizeof.irq_desc 256
offset sizeof.page_info 32
offset sizeof.evtchn 64
offset stack.size 0x8000
offset IRQ_GUEST.bit 4
offset PGC_allocated.bit 63
offset PGC_xen_heap.bit 62
offset PGC_count.bits 57
address DIRECTMAP_VIRT_START 0xffff830000000000
address FRAMETABLE_VIRT_START 0xffff82e000000000
offset NR_SOFTIRQS 11
address _stext 0xffff82d040200000

site create_bounce_frame/int80 call 0xffff82d040201706  # in int80_direct_trap
site do_IRQ                 call 0xffff82d040201921  # in common_interrupt
site do_page_fault          call 0xffff82d040201a9d  # in handle_exception_saved
site do_general_protection  call 0xffff82d040201aa8  # in handle_exception_saved
site do_invalid_op          call 0xffff82d040201ab3  # in handle_exception_saved
site do_device_not_available call 0xffff82d040201abe  # in handle_exception_saved
site do_int3                call 0xffff82d040201ac9  # in handle_exception_saved
site do_trap                call 0xffff82d040201ada  # in handle_exception_saved
site do_nmi                 call 0xffff82d04020201f  # in handle_ist_exception
site do_debug               call 0xffff82d04020202a  # in handle_ist_exception
site svm_vmenter_helper     call 0xffff82d040204441  # in svm_asm_do_resume
site svm_vmexit_handler     call 0xffff82d040204597  # in svm_stgi_label
site vmx_vmexit_handler     call 0xffff82d0402046c8  # in vmx_asm_vmexit_handler
site vmx_vmenter_helper     call 0xffff82d04020470b  # in vmx_asm_vmexit_handler
site create_bounce_frame/syscall call 0xffff82d04020490a  # in switch_to_kernel
site create_bounce_frame/event call 0xffff82d040204978  # in test_guest_events
site create_bounce_frame/exception call 0xffff82d040204991  # in process_softirqs
site create_bounce_frame/trap call 0xffff82d040204a1f  # in process_trap
site raise_softirq          call 0xffff82d04021a830  # in ioreq_send
site raise_softirq          call 0xffff82d04021aebf  # in vcpu_ioreq_handle_completion
site cpu_raise_softirq      call 0xffff82d04021de35  # in cpu_callback
site cpumask_raise_softirq  call 0xffff82d04022fc1e  # in rcu_barrier
site raise_softirq          call 0xffff82d04022fccd  # in call_rcu
site cpumask_raise_softirq  call 0xffff82d04022fd2d  # in call_rcu
site raise_softirq          call 0xffff82d04022fe8e  # in rcu_process_callbacks
site raise_softirq          jmp  0xffff82d040230132  # in rcu_check_callbacks
site cpu_raise_softirq      jmp  0xffff82d040231845  # in tasklet_enqueue
site cpu_raise_softirq      jmp  0xffff82d040231858  # in tasklet_enqueue
site raise_softirq          call 0xffff82d040231a28  # in tasklet_softirq_action
site raise_softirq          call 0xffff82d040231b66  # in do_tasklet
site raise_softirq          call 0xffff82d040232592  # in timer_softirq_action
site cpu_raise_softirq      call 0xffff82d040232c06  # in set_timer
site cpu_raise_softirq      call 0xffff82d040232cce  # in set_timer
site cpu_raise_softirq      call 0xffff82d040232eaf  # in stop_timer
site cpu_raise_softirq      call 0xffff82d04023331b  # in migrate_timer
site cpu_raise_softirq      call 0xffff82d04023332f  # in migrate_timer
site cpu_raise_softirq      call 0xffff82d0402335b6  # in kill_timer
site raise_softirq          call 0xffff82d0402380bd  # in check_wakeup_from_wait
site cpu_raise_softirq      jmp  0xffff82d0402443e5  # in csched_unit_sleep
site cpumask_raise_softirq  call 0xffff82d0402458e2  # in csched_unit_wake
site cpu_raise_softirq      call 0xffff82d0402465fc  # in csched_tick
site cpu_raise_softirq      jmp  0xffff82d040247bdb  # in csched2_unit_sleep
site cpu_raise_softirq      call 0xffff82d040249a72  # in runq_tickle
site cpu_raise_softirq      jmp  0xffff82d04024a4f7  # in migrate
site cpu_raise_softirq      call 0xffff82d04024b156  # in csched2_dom_cntl
site cpu_raise_softirq      call 0xffff82d04024bd66  # in csched2_schedule
site raise_softirq          jmp  0xffff82d04024cc49  # in s_timer_fn
site raise_softirq          call 0xffff82d04024cf87  # in do_poll
site cpu_raise_softirq      jmp  0xffff82d04024d41b  # in vcpu_sleep_nosync_locked
site raise_softirq          call 0xffff82d04024d5c4  # in sched_force_context_switch
site cpu_raise_softirq      call 0xffff82d04024edf3  # in vcpu_wake
site raise_softirq          jmp  0xffff82d04024f8cd  # in vcpu_block
site raise_softirq          call 0xffff82d04024fa36  # in vcpu_yield
site raise_softirq          call 0xffff82d0402519ed  # in sched_wait_rendezvous_in
site raise_softirq          jmp  0xffff82d040251d83  # in sched_slave
site cpumask_raise_softirq  call 0xffff82d040251ecb  # in schedule
site raise_softirq          call 0xffff82d040251fca  # in schedule
site cpu_raise_softirq      call 0xffff82d0402524a0  # in schedule_cpu_add
site raise_softirq          call 0xffff82d04025f0d0  # in modify_bars
site raise_softirq          call 0xffff82d0402720e0  # in dpci_softirq
site raise_softirq          call 0xffff82d04027334b  # in hvm_do_IRQ_dpci
site raise_softirq          call 0xffff82d04027cb5a  # in enter_state_helper
site raise_softirq          call 0xffff82d040284005  # in mcheck_cmn_handler
site vlapic_set_irq         jmp  0xffff82d04028dba6  # in vpmu_do_interrupt
site raise_softirq          jmp  0xffff82d0402a1e93  # in vmx_deliver_posted_intr
site raise_softirq          jmp  0xffff82d0402a338e  # in pi_notification_interrupt
site do_IRQ/vmexit          call 0xffff82d0402a6032  # in vmx_vmexit_handler
site vlapic_handle_EOI      call 0xffff82d0402a6471  # in vmx_vmexit_handler
site do_nmi/vmexit          call 0xffff82d0402a66a7  # in vmx_vmexit_handler
site vlapic_set_irq         call 0xffff82d0402ad4d8  # in viridian_synic_deliver_timer_msg
site vlapic_set_irq         call 0xffff82d0402ae59b  # in send_ipi
site raise_softirq          jmp  0xffff82d0402b9d12  # in hvm_do_resume
site vlapic_set_irq         jmp  0xffff82d0402c3ae9  # in hvm_assert_evtchn_irq
site vlapic_set_irq         jmp  0xffff82d0402c8854  # in vioapic_deliver
site vlapic_set_irq         call 0xffff82d0402c88f0  # in vioapic_deliver
site vlapic_set_irq         call 0xffff82d0402ca094  # in vlapic_error
site vlapic_set_irq         jmp  0xffff82d0402ca189  # in vlapic_accept_irq
site vlapic_handle_EOI      call 0xffff82d0402ca772  # in vlapic_EOI_set
site vlapic_set_irq         jmp  0xffff82d0402cb241  # in vlapic_reg_write
site vlapic_set_irq         call 0xffff82d0402cca57  # in vmsi_deliver
site vlapic_set_irq         call 0xffff82d0402ccad2  # in vmsi_deliver
site vlapic_set_irq         call 0xffff82d0402cef9c  # in pt_update_irq
site raise_softirq          call 0xffff82d0402f450f  # in pv_raise_nmi
site raise_softirq          jmp  0xffff82d0402f6c23  # in apic_timer_interrupt
site raise_softirq          jmp  0xffff82d0402f6c3d  # in apic_timer_interrupt
site cpu_raise_softirq      jmp  0xffff82d0402fdb86  # in vcpu_kick
site raise_softirq          call 0xffff82d0402ffbff  # in switch_cr3_cr4
site raise_softirq          call 0xffff82d0402ffeb7  # in flush_area_local
site raise_softirq          jmp  0xffff82d040325931  # in time_calibration_nop_rendezvous
site cpumask_raise_softirq  call 0xffff82d040325a3b  # in timer_interrupt
site raise_softirq          call 0xffff82d040325a4a  # in timer_interrupt
site raise_softirq          call 0xffff82d040325a66  # in timer_interrupt
site raise_softirq          jmp  0xffff82d0403265d4  # in time_calibration_tsc_rendezvous
site raise_softirq          jmp  0xffff82d040326bed  # in time_calibration_std_rendezvous
site cpumask_raise_softirq  call 0xffff82d040355f86  # in handle_hpet_broadcast
site raise_softirq          call 0xffff82d040355fba  # in handle_hpet_broadcast
site raise_softirq          call 0xffff82d040356372  # in hpet_broadcast_exit

witness 0xffff82d040298f18 vcpu.arch.hvm.svm.vmcb  # in svm_vmenter_helper
witness 0xffff82d040204480 vcpu.arch.hvm.svm.vmcb_pa  # in svm_asm_do_resume
witness 0xffff82d0402c59c3 vcpu.arch.hvm.nvcpu.nv_guestmode  # in nestedhvm_vcpu_in_guestmode
witness 0xffff82d0402cbd25 vcpu.arch.hvm.vlapic  # in vlapic_init
witness 0xffff82d0402a4abf vcpu.arch.hvm.vmx.secondary_exec_control  # in vmx_update_secondary_exec_control
witness 0xffff82d040204950 vcpu.vcpu_info 1  # in test_guest_events
witness 0xffff82d0402016c8 vcpu.arch.pv.trap_ctxt  # in int80_direct_trap
witness 0xffff82d04020b779 evtchn.u 1  # in evtchn_status
witness 0xffff82d040303c63 domain.next_in_list  # in arch_livepatch_safety_check
witness 0xffff82d0402cb7f9 domain.options  # in vlapic_has_pending_irq
end
