package qice

// #include <qice/qice.h>
import "C"

import "runtime"

// EngineOptions say how an engine treats its policies. The zero value is the usual: closed policies are
// left out, no urgency, a wrong policy is an error.
type EngineOptions struct {
	IncludeClosed   bool
	SkipBadPolicies bool // leave them out in place of failing; Engine.Skipped tells which
	// Raise policies whose window closes within UrgencyDays days, by a weight in millionths.
	UrgencyWeight, UrgencyDays int64
}

func (o EngineOptions) create() (*C.qice_engine_options, error) {
	var out *C.qice_engine_options
	var e *C.qice_error
	if err := failure(C.qice_engine_options_create(&out, &e), e); err != nil {
		return nil, err
	}
	C.qice_engine_options_set_include_closed(out, flag(o.IncludeClosed))
	C.qice_engine_options_set_skip_bad_policies(out, flag(o.SkipBadPolicies))
	code := C.qice_engine_options_set_urgency(out, C.int64_t(o.UrgencyWeight), C.int64_t(o.UrgencyDays))
	err := setting(code, func(why, e **C.qice_error) C.int32_t {
		return C.qice_engine_options_refused(why, out, e)
	})
	if err != nil {
		C.qice_engine_options_destroy(out)
		return nil, err
	}
	return out, nil
}

// Engine is policies that come and go. A change happens wholly or not at all, and never disturbs a
// Snapshot that was taken before.
type Engine struct{ p *C.qice_engine }

// OpenEngine reads a .json file, a .jsonl file or a folder of them; an empty path: no policies.
func OpenEngine(schema *Schema, day Day, path string, options EngineOptions) (*Engine, error) {
	defer runtime.KeepAlive(schema)
	how, err := options.create()
	if err != nil {
		return nil, err
	}
	defer C.qice_engine_options_destroy(how)
	var out *C.qice_engine
	var e *C.qice_error
	p, n := cText(path)
	code := C.qice_engine_open(&out, schema.handle(), C.int32_t(day), how, p, n, &e)
	if err := failure(code, e); err != nil {
		return nil, err
	}
	engine := &Engine{out}
	runtime.SetFinalizer(engine, (*Engine).Close)
	return engine, nil
}

// Close gives the memory back.
func (g *Engine) Close() {
	if g == nil {
		return
	}
	C.qice_engine_destroy(g.p)
	g.p = nil
	runtime.SetFinalizer(g, nil)
}

// handle is what C has; of nothing, nothing, which every function refuses with a sentence.
func (g *Engine) handle() *C.qice_engine {
	if g == nil {
		return nil
	}
	return g.p
}

// Put adds policies, or takes them in place of those with their ids: a JSON object, array or JSON Lines.
func (g *Engine) Put(json string) error {
	defer runtime.KeepAlive(g)
	var e *C.qice_error
	p, n := cText(json)
	return failure(C.qice_engine_put(g.handle(), p, n, &e), e)
}

// Replace takes all policies from JSON in place of those there are.
func (g *Engine) Replace(json string) error {
	defer runtime.KeepAlive(g)
	var e *C.qice_error
	p, n := cText(json)
	return failure(C.qice_engine_replace(g.handle(), p, n, &e), e)
}

// Reload takes all policies from a file or folder in place of those there are.
func (g *Engine) Reload(path string) error {
	defer runtime.KeepAlive(g)
	var e *C.qice_error
	p, n := cText(path)
	return failure(C.qice_engine_reload(g.handle(), p, n, &e), e)
}

// Remove removes a policy; false if there is none with this id.
func (g *Engine) Remove(id string) (bool, error) {
	defer runtime.KeepAlive(g)
	var removed C.int32_t
	var e *C.qice_error
	p, n := cText(id)
	err := failure(C.qice_engine_remove(&removed, g.handle(), p, n, &e), e)
	return removed != 0, err
}

// SetDay judges everything as of another day from now on. Firms read for another day are then refused.
func (g *Engine) SetDay(day Day) error {
	defer runtime.KeepAlive(g)
	var e *C.qice_error
	return failure(C.qice_engine_set_day(g.handle(), C.int32_t(day), &e), e)
}

// Skipped are the policies that the last change left out for being wrong; of changes that several
// goroutines make, the one that came into force last.
func (g *Engine) Skipped() ([]Fault, error) {
	defer runtime.KeepAlive(g)
	var out, e *C.qice_error
	if err := failure(C.qice_engine_skipped(&out, g.handle(), &e), e); err != nil {
		return nil, err
	}
	defer C.qice_error_destroy(out)
	return faults(out), nil
}

// Snapshot is the policies as they are now; it costs a fraction of a microsecond.
func (g *Engine) Snapshot() (*Snapshot, error) {
	defer runtime.KeepAlive(g)
	var out *C.qice_snapshot
	var e *C.qice_error
	if err := failure(C.qice_engine_snapshot(&out, g.handle(), &e), e); err != nil {
		return nil, err
	}
	snapshot := &Snapshot{out}
	runtime.SetFinalizer(snapshot, (*Snapshot).Close)
	return snapshot, nil
}

// Snapshot is the policies of one moment, numbered from 0.
type Snapshot struct{ p *C.qice_snapshot }

// Close gives the memory back.
func (s *Snapshot) Close() {
	if s == nil {
		return
	}
	C.qice_snapshot_destroy(s.p)
	s.p = nil
	runtime.SetFinalizer(s, nil)
}

// handle is what C has; of nothing, nothing, which every function refuses with a sentence.
func (s *Snapshot) handle() *C.qice_snapshot {
	if s == nil {
		return nil
	}
	return s.p
}

// Size is how many policies there are, open or not; 0 for a closed snapshot.
func (s *Snapshot) Size() uint32 {
	defer runtime.KeepAlive(s)
	var count C.uint32_t
	C.qice_snapshot_policies(&count, s.handle())
	return uint32(count)
}

// Day is the day at which everything is judged.
func (s *Snapshot) Day() Day {
	defer runtime.KeepAlive(s)
	var day C.int32_t
	C.qice_snapshot_day(&day, s.handle())
	return Day(day)
}

// Find is the number of a policy.
func (s *Snapshot) Find(id string) (uint32, error) {
	defer runtime.KeepAlive(s)
	var policy C.uint32_t
	var e *C.qice_error
	p, n := cText(id)
	err := failure(C.qice_snapshot_find(&policy, s.handle(), p, n, &e), e)
	return uint32(policy), err
}

// ID is the id of a policy.
func (s *Snapshot) ID(policy uint32) (string, error) {
	defer runtime.KeepAlive(s)
	var id *C.char
	var length C.size_t
	var e *C.qice_error
	err := failure(C.qice_snapshot_policy_id(&id, &length, s.handle(), C.uint32_t(policy), &e), e)
	return goText(id, length), err
}

// LifeCycle is where a policy stands on a day.
type LifeCycle int32

const (
	Open       LifeCycle = C.QICE_OPEN
	Draft      LifeCycle = C.QICE_DRAFT
	Withdrawn  LifeCycle = C.QICE_WITHDRAWN
	NotInForce LifeCycle = C.QICE_NOT_IN_FORCE
	Superseded LifeCycle = C.QICE_SUPERSEDED
	Closed     LifeCycle = C.QICE_CLOSED
)

// Policy is a policy as a snapshot has it.
type Policy struct {
	ID, Title string
	Version   int64
	LifeCycle LifeCycle
}

// Policy is a policy by its number.
func (s *Snapshot) Policy(number uint32) (Policy, error) {
	defer runtime.KeepAlive(s)
	id, err := s.ID(number)
	if err != nil {
		return Policy{}, err
	}
	var title *C.char
	var length C.size_t
	var version C.int64_t
	var life C.int32_t
	var e *C.qice_error
	code := C.qice_snapshot_policy_title(&title, &length, s.handle(), C.uint32_t(number), &e)
	if err := failure(code, e); err != nil {
		return Policy{}, err
	}
	code = C.qice_snapshot_policy_state(&version, &life, s.handle(), C.uint32_t(number), &e)
	return Policy{id, goText(title, length), int64(version), LifeCycle(life)}, failure(code, e)
}

// Form is how an explanation is written.
type Form int32

const (
	JSON    Form = C.QICE_JSON
	Chinese Form = C.QICE_CHINESE
	English Form = C.QICE_ENGLISH
)

// ExplainFirm says why a policy fits a firm or not, and what would help.
func (s *Snapshot) ExplainFirm(firm *Firm, policy uint32, form Form) (string, error) {
	defer runtime.KeepAlive(s)
	defer runtime.KeepAlive(firm)
	var out *C.qice_text
	var e *C.qice_error
	code := C.qice_explain_firm(&out, s.handle(), firm.handle(), C.uint32_t(policy), C.int32_t(form), &e)
	if err := failure(code, e); err != nil {
		return "", err
	}
	return made(out), nil
}

// ExplainRow is the same for a row of a table.
func (s *Snapshot) ExplainRow(firms *Firms, row uint64, policy uint32, form Form) (string, error) {
	defer runtime.KeepAlive(s)
	defer runtime.KeepAlive(firms)
	var out *C.qice_text
	var e *C.qice_error
	code := C.qice_explain_row(&out, s.handle(), firms.handle(), C.uint64_t(row), C.uint32_t(policy), C.int32_t(form), &e)
	if err := failure(code, e); err != nil {
		return "", err
	}
	return made(out), nil
}

// ExplainDraft is the same for a policy that nobody knows yet, as one JSON object.
func (s *Snapshot) ExplainDraft(firm *Firm, policy string, form Form) (string, error) {
	defer runtime.KeepAlive(s)
	defer runtime.KeepAlive(firm)
	var out *C.qice_text
	var e *C.qice_error
	p, n := cText(policy)
	if err := failure(C.qice_explain_draft(&out, s.handle(), firm.handle(), p, n, C.int32_t(form), &e), e); err != nil {
		return "", err
	}
	return made(out), nil
}

// Lint tells what is suspicious in the policies, as a JSON array.
func (s *Snapshot) Lint() (string, error) {
	defer runtime.KeepAlive(s)
	var out *C.qice_text
	var e *C.qice_error
	if err := failure(C.qice_lint(&out, s.handle(), &e), e); err != nil {
		return "", err
	}
	return made(out), nil
}
