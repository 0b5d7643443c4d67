package qice

// #include <qice/qice.h>
import "C"

import (
	"math"
	"runtime"
)

// Status is how a policy stands to a firm, best first.
type Status int32

const (
	Eligible  Status = C.QICE_ELIGIBLE
	Review    Status = C.QICE_REVIEW     // a person has to confirm something
	NeedsData Status = C.QICE_NEEDS_DATA // could be eligible, but facts are missing
	Near      Status = C.QICE_NEAR       // one condition away
)

// AllStatuses are the four, best first.
var AllStatuses = []Status{Eligible, Review, NeedsData, Near}

// NoLimit, as MatchOptions.Top, keeps all.
const NoLimit uint32 = C.QICE_NO_LIMIT

// MatchOptions say what is asked for. The zero value is the usual: the 20 best of each status, eligible
// and review, by firm, one thread.
type MatchOptions struct {
	Top      uint32   // 0: 20
	Statuses []Status // nil: eligible and review
	ByPolicy bool     // rank the firms of each policy (batches only)
	CountAll bool     // count all four statuses (batches only)
	Threads  uint32   // 0: one (batches only)
}

func (o MatchOptions) create() (*C.qice_match_options, error) {
	var out *C.qice_match_options
	var e *C.qice_error
	if err := failure(C.qice_match_options_create(&out, &e), e); err != nil {
		return nil, err
	}
	code := C.qice_match_options_set_by_policy(out, flag(o.ByPolicy))
	if code == C.QICE_OK {
		code = C.qice_match_options_set_count_all(out, flag(o.CountAll))
	}
	if code == C.QICE_OK && o.Top != 0 {
		code = C.qice_match_options_set_top(out, C.uint32_t(o.Top))
	}
	if code == C.QICE_OK && o.Threads != 0 {
		code = C.qice_match_options_set_threads(out, C.uint32_t(o.Threads))
	}
	if code == C.QICE_OK && o.Statuses != nil {
		var bits C.uint32_t
		for _, status := range o.Statuses {
			if status < Eligible || status > Near {
				bits = math.MaxUint32 // which is refused
				break
			}
			bits |= 1 << status
		}
		code = C.qice_match_options_set_statuses(out, bits)
	}
	err := setting(code, func(why, e **C.qice_error) C.int32_t {
		return C.qice_match_options_refused(why, out, e)
	})
	if err != nil {
		C.qice_match_options_destroy(out)
		return nil, err
	}
	return out, nil
}

// Control is something to watch one match with, and to stop it, from any goroutine.
type Control struct{ p *C.qice_control }

// NewControl is for one match.
func NewControl() (*Control, error) {
	var out *C.qice_control
	var e *C.qice_error
	if err := failure(C.qice_control_create(&out, &e), e); err != nil {
		return nil, err
	}
	control := &Control{out}
	runtime.SetFinalizer(control, (*Control).Close)
	return control, nil
}

// Close gives the memory back. Not before the match has returned.
func (c *Control) Close() {
	if c == nil {
		return
	}
	C.qice_control_destroy(c.p)
	c.p = nil
	runtime.SetFinalizer(c, nil)
}

// handle is what C has; of nothing, nothing, which every function refuses with a sentence.
func (c *Control) handle() *C.qice_control {
	if c == nil {
		return nil
	}
	return c.p
}

// Progress is how far the match is; the total is 0 until the firms are indexed.
func (c *Control) Progress() (done, total uint64) {
	defer runtime.KeepAlive(c)
	var d, t C.uint64_t
	C.qice_control_progress(&d, &t, c.handle())
	return uint64(d), uint64(t)
}

// Cancel stops the match within milliseconds; it returns an Error with Cancelled.
func (c *Control) Cancel() error {
	defer runtime.KeepAlive(c)
	return failure(C.qice_control_cancel(c.handle()), nil)
}

// Result is all firms with all policies.
type Result struct{ p *C.qice_result }

// Match matches all firms with all policies.
func (s *Snapshot) Match(firms *Firms, options MatchOptions) (*Result, error) {
	return s.MatchWatched(firms, options, nil)
}

// MatchWatched is the same with a control.
func (s *Snapshot) MatchWatched(firms *Firms, options MatchOptions, control *Control) (*Result, error) {
	defer runtime.KeepAlive(s)
	defer runtime.KeepAlive(firms)
	defer runtime.KeepAlive(control)
	how, err := options.create()
	if err != nil {
		return nil, err
	}
	defer C.qice_match_options_destroy(how)
	var watch *C.qice_control
	if control != nil {
		watch = control.handle()
	}
	var out *C.qice_result
	var e *C.qice_error
	if err := failure(C.qice_match(&out, s.handle(), firms.handle(), how, watch, &e), e); err != nil {
		return nil, err
	}
	result := &Result{out}
	runtime.SetFinalizer(result, (*Result).Close)
	return result, nil
}

// Close gives the memory back.
func (r *Result) Close() {
	if r == nil {
		return
	}
	C.qice_result_destroy(r.p)
	r.p = nil
	runtime.SetFinalizer(r, nil)
}

// handle is what C has; of nothing, nothing, which every function refuses with a sentence.
func (r *Result) handle() *C.qice_result {
	if r == nil {
		return nil
	}
	return r.p
}

// Size is how many policies took part, and how many pushes there are in all.
func (r *Result) Size() (policies, pushes uint64) {
	defer runtime.KeepAlive(r)
	var a, b C.uint64_t
	C.qice_result_size(&a, &b, r.handle())
	return uint64(a), uint64(b)
}

// Total is how many pushes there are in a status.
func (r *Result) Total(status Status) (uint64, error) {
	defer runtime.KeepAlive(r)
	var pushes C.uint64_t
	var e *C.qice_error
	err := failure(C.qice_result_total(&pushes, r.handle(), C.int32_t(status), &e), e)
	return uint64(pushes), err
}

// Count is how many firms have a status with a policy, pushed or not.
func (r *Result) Count(policy uint32, status Status) (uint64, error) {
	defer runtime.KeepAlive(r)
	var firms C.uint64_t
	var e *C.qice_error
	err := failure(C.qice_result_count(&firms, r.handle(), C.uint32_t(policy), C.int32_t(status), &e), e)
	return uint64(firms), err
}

// Pushes is room for pushes as columns, to be filled again and again.
type Pushes struct {
	Firms    []uint64 // rows
	Statuses []Status
	Ranks    []uint32 // from 1
	Policies []uint32 // by number
	Scores   []int64  // millionths
}

// NewPushes is room for so many pushes.
func NewPushes(capacity int) *Pushes {
	return &Pushes{make([]uint64, capacity), make([]Status, capacity), make([]uint32, capacity),
		make([]uint32, capacity), make([]int64, capacity)}
}

// Read copies the pushes from first on into the columns, whose lengths must be equal, and tells how many
// it copied: fewer than there is room for only at the end.
func (r *Result) Read(first uint64, into *Pushes) (int, error) {
	defer runtime.KeepAlive(r)
	if into == nil || len(into.Statuses) != len(into.Firms) || len(into.Ranks) != len(into.Firms) ||
		len(into.Policies) != len(into.Firms) || len(into.Scores) != len(into.Firms) {
		return 0, &Error{BadArgument, []Fault{{Message: "room for pushes is columns of one length"}}}
	}
	if len(into.Firms) == 0 {
		return 0, nil
	}
	var written C.size_t
	var e *C.qice_error
	code := C.qice_result_read(&written, r.handle(), C.uint64_t(first), C.size_t(len(into.Firms)),
		(*C.uint64_t)(&into.Firms[0]), (*C.int32_t)(&into.Statuses[0]), (*C.uint32_t)(&into.Ranks[0]),
		(*C.uint32_t)(&into.Policies[0]), (*C.int64_t)(&into.Scores[0]), &e)
	return int(written), failure(code, e)
}

// Answer is room for the answer to one question at a time; keep one a goroutine.
type Answer struct {
	p       *C.qice_answer
	options *C.qice_match_options
}

// NewAnswer is for questions with these options, of which only Top and Statuses matter.
func NewAnswer(options MatchOptions) (*Answer, error) {
	how, err := options.create()
	if err != nil {
		return nil, err
	}
	var out *C.qice_answer
	var e *C.qice_error
	if err := failure(C.qice_answer_create(&out, &e), e); err != nil {
		C.qice_match_options_destroy(how)
		return nil, err
	}
	answer := &Answer{out, how}
	runtime.SetFinalizer(answer, (*Answer).Close)
	return answer, nil
}

// Close gives the memory back.
func (a *Answer) Close() {
	if a == nil {
		return
	}
	C.qice_answer_destroy(a.p)
	C.qice_match_options_destroy(a.options)
	a.p, a.options = nil, nil
	runtime.SetFinalizer(a, nil)
}

// handle is what C has; of nothing, nothing, which every function refuses with a sentence.
func (a *Answer) handle() *C.qice_answer {
	if a == nil {
		return nil
	}
	return a.p
}

func (a *Answer) how() *C.qice_match_options {
	if a == nil {
		return nil
	}
	return a.options
}

// AskFirm asks for the policies of one firm.
func (a *Answer) AskFirm(snapshot *Snapshot, firm *Firm) error {
	defer runtime.KeepAlive(a)
	defer runtime.KeepAlive(snapshot)
	defer runtime.KeepAlive(firm)
	var e *C.qice_error
	return failure(C.qice_answer_firm(a.handle(), snapshot.handle(), firm.handle(), a.how(), &e), e)
}

// AskPolicy asks for the firms of one policy, by its number.
func (a *Answer) AskPolicy(snapshot *Snapshot, firms *Firms, policy uint32) error {
	defer runtime.KeepAlive(a)
	defer runtime.KeepAlive(snapshot)
	defer runtime.KeepAlive(firms)
	var e *C.qice_error
	code := C.qice_answer_policy(a.handle(), snapshot.handle(), firms.handle(), C.uint32_t(policy), a.how(), &e)
	return failure(code, e)
}

// AskDraft is the same for a policy that nobody knows yet, as one JSON object.
func (a *Answer) AskDraft(snapshot *Snapshot, firms *Firms, policy string) error {
	defer runtime.KeepAlive(a)
	defer runtime.KeepAlive(snapshot)
	defer runtime.KeepAlive(firms)
	var e *C.qice_error
	p, n := cText(policy)
	return failure(C.qice_answer_draft(a.handle(), snapshot.handle(), firms.handle(), p, n, a.how(), &e), e)
}

// Count is how many pairs have a status, shown or not; 0 for a status that was not asked for.
func (a *Answer) Count(status Status) (uint64, error) {
	defer runtime.KeepAlive(a)
	var count C.uint64_t
	var e *C.qice_error
	err := failure(C.qice_answer_count(&count, a.handle(), C.int32_t(status), &e), e)
	return uint64(count), err
}

// OneFactAway is how many of the pairs shown in NeedsData are one fact away; they come first.
func (a *Answer) OneFactAway() uint64 {
	defer runtime.KeepAlive(a)
	var count C.uint64_t
	C.qice_answer_one_fact_away(&count, a.handle())
	return uint64(count)
}

// LifeCycle is that of the policy that was asked about; Open for a firm.
func (a *Answer) LifeCycle() LifeCycle {
	defer runtime.KeepAlive(a)
	var life C.int32_t
	C.qice_answer_life_cycle(&life, a.handle())
	return LifeCycle(life)
}

// Read copies the pairs of a status, best first, as many as the shorter slice has room for: numbers of
// policies (or rows of firms) and scores in millionths. It tells how many there are.
func (a *Answer) Read(status Status, others []uint32, scores []int64) (int, error) {
	defer runtime.KeepAlive(a)
	room := len(others)
	if len(scores) < room {
		room = len(scores)
	}
	var needed C.size_t
	var e *C.qice_error
	var to *C.uint32_t
	var with *C.int64_t
	if room > 0 {
		to, with = (*C.uint32_t)(&others[0]), (*C.int64_t)(&scores[0])
	}
	code := C.qice_answer_read(&needed, a.handle(), C.int32_t(status), to, with, C.size_t(room), &e)
	if code == C.QICE_BUFFER_TOO_SMALL { // only the first part was wanted
		C.qice_error_destroy(e)
		return int(needed), nil
	}
	return int(needed), failure(code, e)
}

// Ranked is a policy of a firm, or a firm of a policy, with its score in millionths.
type Ranked struct {
	ID    string
	Score int64
}

// Ranked are the pairs of a status with their ids, best first.
func (a *Answer) Ranked(status Status) ([]Ranked, error) {
	defer runtime.KeepAlive(a)
	count, err := a.Read(status, nil, nil)
	if err != nil {
		return nil, err
	}
	all := make([]Ranked, count)
	for rank := range all {
		var id *C.char
		var length C.size_t
		var score C.int64_t
		var e *C.qice_error
		code := C.qice_answer_at(&id, &length, &score, a.handle(), C.int32_t(status), C.size_t(rank), &e)
		if err := failure(code, e); err != nil {
			return nil, err
		}
		all[rank] = Ranked{goText(id, length), int64(score)}
	}
	return all, nil
}

// JSON is the whole answer as JSON.
func (a *Answer) JSON() (string, error) {
	defer runtime.KeepAlive(a)
	var out *C.qice_text
	var e *C.qice_error
	if err := failure(C.qice_answer_json(&out, a.handle(), &e), e); err != nil {
		return "", err
	}
	return made(out), nil
}
