package main

import (
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"qice"
)

const (
	firmsAsked = 100
	most       = 20
)

// processorTime is that of the thread, in seconds.
func processorTime() float64 {
	const thread = 3 // CLOCK_THREAD_CPUTIME_ID
	var at syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, thread, uintptr(unsafe.Pointer(&at)), 0)
	return float64(at.Nano()) * 1e-9
}

func report(name string, work func(times int), times int, scale float64, unit string) {
	best := 1e9
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); {
		begin := processorTime()
		work(times)
		if took := (processorTime() - begin) / float64(times); took < best {
			best = took
		}
	}
	print("%s %.3f %s", name, best*scale, unit)
}

// measure tells what calls cost from Go: what measure.c measures, under the same names.
func (w *world) measure() {
	runtime.LockOSThread()
	answer := get(qice.NewAnswer(qice.MatchOptions{}))
	var firms [firmsAsked]*qice.Firm
	for i := range firms {
		firms[i] = get(qice.NewFirm(w.schema))
		must(firms[i].SetJSON(w.lines[i], w.reading))
	}
	var others [most]uint32
	var scores [most]int64
	ask := func(firm *qice.Firm) {
		must(answer.AskFirm(w.snapshot, firm))
		get(answer.Read(qice.Eligible, others[:], scores[:]))
		get(answer.Read(qice.Review, others[:], scores[:]))
	}
	sum := uint64(0)
	report("call", func(times int) {
		for i := 0; i < times; i++ {
			sum += uint64(w.snapshot.Size())
		}
	}, 100000, 1e9, "ns")
	report("one_firm", func(times int) {
		for i := 0; i < times; i++ {
			ask(firms[i])
		}
	}, firmsAsked, 1e6, "us")
	report("one_firm_filled", func(times int) {
		for i := 0; i < times; i++ {
			w.fillTyped()
			ask(w.firm)
		}
	}, firmsAsked, 1e6, "us")
	report("one_firm_json", func(times int) {
		for i := 0; i < times; i++ {
			must(w.firm.SetJSON(w.lines[i], w.reading))
			must(answer.AskFirm(w.snapshot, w.firm))
			sum += uint64(len(get(answer.JSON())))
		}
	}, firmsAsked, 1e6, "us")
	report("explain", func(times int) {
		for i := 0; i < times; i++ {
			sum += uint64(len(get(w.snapshot.ExplainFirm(firms[i], uint32(i), qice.JSON))))
		}
	}, firmsAsked, 1e6, "us")
	options := w.options
	options.Top, options.Threads = 20, 1
	report("match", func(times int) {
		get(w.snapshot.Match(w.firms, options)).Close()
	}, 1, 1e3, "ms")
	result := get(w.snapshot.Match(w.firms, options))
	defer result.Close()
	_, all := result.Size()
	pushes := qice.NewPushes(65536)
	report("million_pushes", func(times int) {
		for first := uint64(0); first < all; {
			written := get(result.Read(first, pushes))
			for i := 0; i < written; i++ {
				sum += pushes.Firms[i] + uint64(pushes.Statuses[i]) + uint64(pushes.Ranks[i]) +
					uint64(pushes.Policies[i]) + uint64(pushes.Scores[i])
			}
			first += uint64(written)
		}
	}, int(all), 1e9, "ms")
	check(sum != 42)
}
