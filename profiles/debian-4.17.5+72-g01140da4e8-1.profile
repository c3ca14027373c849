# Xen build: what the tap must know of it; see docs/profiles.md.
idtap-profile 1
build-id 39a640e6f1412319235087391df9f1c5e13ae920
title Debian xen-hypervisor-4.17-amd64 4.17.5+72-g01140da4e8-1

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

site create_bounce_frame/int80 call 0xffff82d0402016f6  # in int80_direct_trap
site do_IRQ                 call 0xffff82d040201911  # in common_interrupt
site do_page_fault          call 0xffff82d040201a8d  # in handle_exception_saved
site do_general_protection  call 0xffff82d040201a98  # in handle_exception_saved
site do_invalid_op          call 0xffff82d040201aa3  # in handle_exception_saved
site do_device_not_available call 0xffff82d040201aae  # in handle_exception_saved
site do_int3                call 0xffff82d040201ab9  # in handle_exception_saved
site do_trap                call 0xffff82d040201aca  # in handle_exception_saved
site do_nmi                 call 0xffff82d04020200f  # in handle_ist_exception
site do_debug               call 0xffff82d04020201a  # in handle_ist_exception
site svm_vmenter_helper     call 0xffff82d0402044a1  # in svm_asm_do_resume
site svm_vmexit_handler     call 0xffff82d0402045f7  # in svm_stgi_label
site vmx_vmexit_handler     call 0xffff82d040204728  # in vmx_asm_vmexit_handler
site vmx_vmenter_helper     call 0xffff82d04020476b  # in vmx_asm_vmexit_handler
site create_bounce_frame/syscall call 0xffff82d04020496a  # in switch_to_kernel
site create_bounce_frame/event call 0xffff82d0402049d8  # in test_guest_events
site create_bounce_frame/exception call 0xffff82d0402049f1  # in process_softirqs
site create_bounce_frame/trap call 0xffff82d040204a7f  # in process_trap
site raise_softirq          call 0xffff82d04021a4e0  # in ioreq_send
site raise_softirq          call 0xffff82d04021ab6f  # in vcpu_ioreq_handle_completion
site cpu_raise_softirq      call 0xffff82d04021dae5  # in cpu_callback
site cpumask_raise_softirq  call 0xffff82d04022fa3e  # in rcu_barrier
site raise_softirq          call 0xffff82d04022faed  # in call_rcu
site cpumask_raise_softirq  call 0xffff82d04022fb4d  # in call_rcu
site raise_softirq          call 0xffff82d04022fcae  # in rcu_process_callbacks
site raise_softirq          jmp  0xffff82d04022ff52  # in rcu_check_callbacks
site cpu_raise_softirq      jmp  0xffff82d040231665  # in tasklet_enqueue
site cpu_raise_softirq      jmp  0xffff82d040231678  # in tasklet_enqueue
site raise_softirq          call 0xffff82d040231848  # in tasklet_softirq_action
site raise_softirq          call 0xffff82d040231986  # in do_tasklet
site raise_softirq          call 0xffff82d0402323b2  # in timer_softirq_action
site cpu_raise_softirq      call 0xffff82d040232a26  # in set_timer
site cpu_raise_softirq      call 0xffff82d040232aee  # in set_timer
site cpu_raise_softirq      call 0xffff82d040232ccf  # in stop_timer
site cpu_raise_softirq      call 0xffff82d04023313b  # in migrate_timer
site cpu_raise_softirq      call 0xffff82d04023314f  # in migrate_timer
site cpu_raise_softirq      call 0xffff82d0402333d6  # in kill_timer
site raise_softirq          call 0xffff82d040237f0d  # in check_wakeup_from_wait
site cpu_raise_softirq      jmp  0xffff82d040243e55  # in csched_unit_sleep
site cpumask_raise_softirq  call 0xffff82d040245352  # in csched_unit_wake
site cpu_raise_softirq      call 0xffff82d04024606c  # in csched_tick
site cpu_raise_softirq      jmp  0xffff82d04024764b  # in csched2_unit_sleep
site cpu_raise_softirq      call 0xffff82d0402494e2  # in runq_tickle
site cpu_raise_softirq      jmp  0xffff82d040249f67  # in migrate
site cpu_raise_softirq      call 0xffff82d04024abc6  # in csched2_dom_cntl
site cpu_raise_softirq      call 0xffff82d04024b7d6  # in csched2_schedule
site raise_softirq          jmp  0xffff82d04024c6b9  # in s_timer_fn
site raise_softirq          call 0xffff82d04024c9f7  # in do_poll
site cpu_raise_softirq      jmp  0xffff82d04024ce7b  # in vcpu_sleep_nosync_locked
site raise_softirq          call 0xffff82d04024d024  # in sched_force_context_switch
site cpu_raise_softirq      call 0xffff82d04024e983  # in vcpu_wake
site raise_softirq          jmp  0xffff82d04024f45d  # in vcpu_block
site raise_softirq          call 0xffff82d04024f5c6  # in vcpu_yield
site raise_softirq          call 0xffff82d04025157d  # in sched_wait_rendezvous_in
site raise_softirq          jmp  0xffff82d040251913  # in sched_slave
site cpumask_raise_softirq  call 0xffff82d040251a5b  # in schedule
site raise_softirq          call 0xffff82d040251b5a  # in schedule
site cpu_raise_softirq      call 0xffff82d040252030  # in schedule_cpu_add
site raise_softirq          call 0xffff82d04025ec60  # in modify_bars
site raise_softirq          call 0xffff82d040271c40  # in dpci_softirq
site raise_softirq          call 0xffff82d040272e5b  # in hvm_do_IRQ_dpci
site raise_softirq          call 0xffff82d04027c5fa  # in enter_state_helper
site raise_softirq          call 0xffff82d040283aa5  # in mcheck_cmn_handler
site vlapic_set_irq         jmp  0xffff82d04028d576  # in vpmu_do_interrupt
site raise_softirq          jmp  0xffff82d0402a18d3  # in vmx_deliver_posted_intr
site raise_softirq          jmp  0xffff82d0402a2dee  # in pi_notification_interrupt
site do_IRQ/vmexit          call 0xffff82d0402a5c82  # in vmx_vmexit_handler
site vlapic_handle_EOI      call 0xffff82d0402a60c1  # in vmx_vmexit_handler
site do_nmi/vmexit          call 0xffff82d0402a62f7  # in vmx_vmexit_handler
site vlapic_set_irq         call 0xffff82d0402ad118  # in viridian_synic_deliver_timer_msg
site vlapic_set_irq         call 0xffff82d0402ae13b  # in send_ipi
site raise_softirq          jmp  0xffff82d0402b9842  # in hvm_do_resume
site vlapic_set_irq         jmp  0xffff82d0402c34d9  # in hvm_assert_evtchn_irq
site vlapic_set_irq         jmp  0xffff82d0402c8264  # in vioapic_deliver
site vlapic_set_irq         call 0xffff82d0402c8300  # in vioapic_deliver
site vlapic_set_irq         call 0xffff82d0402c9aa4  # in vlapic_error
site vlapic_set_irq         jmp  0xffff82d0402c9b99  # in vlapic_accept_irq
site vlapic_handle_EOI      call 0xffff82d0402ca182  # in vlapic_EOI_set
site vlapic_set_irq         jmp  0xffff82d0402cac51  # in vlapic_reg_write
site vlapic_set_irq         call 0xffff82d0402cc467  # in vmsi_deliver
site vlapic_set_irq         call 0xffff82d0402cc4e2  # in vmsi_deliver
site vlapic_set_irq         call 0xffff82d0402ce9ac  # in pt_update_irq
site raise_softirq          call 0xffff82d04030ed0f  # in pv_raise_nmi
site raise_softirq          jmp  0xffff82d040311423  # in apic_timer_interrupt
site raise_softirq          jmp  0xffff82d04031143d  # in apic_timer_interrupt
site cpu_raise_softirq      jmp  0xffff82d0403183e6  # in vcpu_kick
site raise_softirq          call 0xffff82d04031a527  # in switch_cr3_cr4
site raise_softirq          call 0xffff82d04031a7e7  # in flush_area_local
site raise_softirq          jmp  0xffff82d040340e31  # in time_calibration_nop_rendezvous
site cpumask_raise_softirq  call 0xffff82d040340f3b  # in timer_interrupt
site raise_softirq          call 0xffff82d040340f4a  # in timer_interrupt
site raise_softirq          call 0xffff82d040340f66  # in timer_interrupt
site raise_softirq          jmp  0xffff82d040341ad4  # in time_calibration_tsc_rendezvous
site raise_softirq          jmp  0xffff82d0403420ed  # in time_calibration_std_rendezvous
site cpumask_raise_softirq  call 0xffff82d040371486  # in handle_hpet_broadcast
site raise_softirq          call 0xffff82d0403714ba  # in handle_hpet_broadcast
site raise_softirq          call 0xffff82d040371872  # in hpet_broadcast_exit

witness 0xffff82d040298958 vcpu.arch.hvm.svm.vmcb  # in svm_vmenter_helper
witness 0xffff82d0402044e0 vcpu.arch.hvm.svm.vmcb_pa  # in svm_asm_do_resume
witness 0xffff82d0402c53b3 vcpu.arch.hvm.nvcpu.nv_guestmode  # in nestedhvm_vcpu_in_guestmode
witness 0xffff82d0402cb735 vcpu.arch.hvm.vlapic  # in vlapic_init
witness 0xffff82d0402a451f vcpu.arch.hvm.vmx.secondary_exec_control  # in vmx_update_secondary_exec_control
witness 0xffff82d0402049b0 vcpu.vcpu_info 1  # in test_guest_events
witness 0xffff82d0402016b8 vcpu.arch.pv.trap_ctxt  # in int80_direct_trap
witness 0xffff82d04020b799 evtchn.u 1  # in evtchn_status
witness 0xffff82d04031e5c3 domain.next_in_list  # in arch_livepatch_safety_check
witness 0xffff82d0402cb209 domain.options  # in vlapic_has_pending_irq
end
