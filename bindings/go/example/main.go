// qice from Go: match firms with policies, ask about one firm, say why, change a policy.
//
//	PKG_CONFIG_PATH=/usr/local/lib/pkgconfig go run ./example
//
// Everything is in memory here; OpenEngine and OpenFirms read files.
package main

import (
	"errors"
	"fmt"
	"log"

	"qice"
)

const (
	policies = `{"id": "TECH-GROWTH", "title": "Growth of technology firms", "priority": 0.5, "rule": {"all": [
  {"field": "revenue", "ge": "2000万元"},
  {"field": "qualifications", "has_any": ["高新技术企业"]}]}}`
	table = `uscc,revenue,qualifications
91441900MA4W000037,2500万元,高新技术企业
91441900MA4W000045,1800万元,高新技术企业
91441900MA4W000053,much,
`
)

// matchAll is all firms, all policies: what a night does.
func matchAll(schema *qice.Schema, snapshot *qice.Snapshot) error {
	firms, err := qice.ReadCSV(schema, table, qice.ReadOptions{Day: snapshot.Day()})
	if err != nil {
		return err
	}
	defer firms.Close()
	bad, _, err := firms.Bad()
	if err != nil {
		return err
	}
	for _, b := range bad {
		fmt.Printf("line %d: %s %s %s\n", b.Line, b.Field, b.Value, b.Reason)
	}
	result, err := snapshot.Match(firms, qice.MatchOptions{})
	if err != nil {
		return err
	}
	defer result.Close()
	pushes := qice.NewPushes(1000)
	for first := uint64(0); ; {
		written, err := result.Read(first, pushes)
		if err != nil || written == 0 {
			return err
		}
		for i := 0; i < written; i++ {
			policy, err := snapshot.ID(pushes.Policies[i])
			if err != nil {
				return err
			}
			firm, err := firms.ID(pushes.Firms[i])
			if err != nil {
				return err
			}
			fmt.Printf("push %s to %s, score %.6f\n", policy, firm, float64(pushes.Scores[i])/1e6)
		}
		first += uint64(written)
	}
}

// askOne is one firm, as a form on a page would have it: what it is near to, and why.
func askOne(schema *qice.Schema, snapshot *qice.Snapshot) error {
	firm, err := qice.NewFirm(schema)
	if err != nil {
		return err
	}
	defer firm.Close()
	answer, err := qice.NewAnswer(qice.MatchOptions{Statuses: qice.AllStatuses})
	if err != nil {
		return err
	}
	defer answer.Close()
	revenue, err := schema.Field("revenue")
	if err != nil {
		return err
	}
	qualifications, err := schema.Field("qualifications")
	if err != nil {
		return err
	}
	if err := firm.SetNumber(revenue, 19_000_000, 0); err != nil {
		return err
	}
	if err := firm.AddElement(qualifications, "高新技术企业", qice.Forever); err != nil {
		return err
	}
	if err := answer.AskFirm(snapshot, firm); err != nil {
		return err
	}
	near, err := answer.Ranked(qice.Near)
	if err != nil {
		return err
	}
	for _, policy := range near {
		number, err := snapshot.Find(policy.ID)
		if err != nil {
			return err
		}
		why, err := snapshot.ExplainFirm(firm, number, qice.English)
		if err != nil {
			return err
		}
		fmt.Printf("near: %s\n%s", policy.ID, why)
	}
	return nil
}

func run() error {
	day, err := qice.ParseDay("2026-06-15")
	if err != nil {
		return err
	}
	schema, err := qice.StandardSchema()
	if err != nil {
		return err
	}
	defer schema.Close()
	engine, err := qice.OpenEngine(schema, day, "", qice.EngineOptions{})
	if err != nil {
		return err
	}
	defer engine.Close()
	if err := engine.Put(policies); err != nil {
		return err
	}
	snapshot, err := engine.Snapshot()
	if err != nil {
		return err
	}
	defer snapshot.Close()
	if err := matchAll(schema, snapshot); err != nil {
		return err
	}
	if err := askOne(schema, snapshot); err != nil {
		return err
	}
	var wrong *qice.Error
	if err := engine.Put(`{"id": "TECH-GROWTH", "rule": 3}`); errors.As(err, &wrong) {
		fmt.Println(wrong.Code == qice.InvalidInput, wrong)
	}
	return nil
}

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}
