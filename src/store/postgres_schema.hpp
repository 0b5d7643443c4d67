// The tables of a PostgreSQL store, as steps from one version to the next: docs/store.md says what
// is in them. A released step is never changed; a new one is added behind it.
//
// Names and numbers are those of the SQLite store. Three things differ: pushes have a partition a
// run; what becomes of them stands beside them, so that a sender adds narrow rows and changes no
// wide ones; and the next free numbers stand in a table, so that no number has to be looked for in
// all partitions.
//
// A push without a row in qice.delivery is pending. Each pending push lies in one row of
// qice.waiting, [first_push, end_push) of one run, of which a claim takes whole ones, or the
// beginning of one.
#pragma once

#include <cstdint>
#include <iterator>

namespace qice {

inline constexpr const char* kPostgresSteps[] = {
    R"(
CREATE TABLE qice.setting(
    name  text PRIMARY KEY,
    value text NOT NULL);
CREATE TABLE qice.code_list(
    name    text COLLATE "C" PRIMARY KEY,
    content text NOT NULL);
CREATE TABLE qice.layout(
    layout_no bigint PRIMARY KEY,
    header    text NOT NULL);
CREATE TABLE qice.next_number(
    firm bigint, firm_version bigint, layout bigint, policy bigint, policy_version bigint,
    run bigint, push bigint, reason bigint);
INSERT INTO qice.next_number VALUES (1, 1, 1, 1, 1, 1, 1, 1);

CREATE TABLE qice.firm(
    firm_no    bigint PRIMARY KEY,
    firm_id    text COLLATE "C" NOT NULL UNIQUE,
    version_no bigint,
    digest     bytea) WITH (fillfactor = 90);
CREATE TABLE qice.firm_version(
    version_no bigint PRIMARY KEY,
    firm_no    bigint NOT NULL,
    layout_no  bigint NOT NULL,
    digest     bytea NOT NULL,
    record     text NOT NULL);

CREATE TABLE qice.policy(
    policy_no  bigint PRIMARY KEY,
    policy_id  text COLLATE "C" NOT NULL UNIQUE,
    version_no bigint);
CREATE TABLE qice.policy_version(
    version_no bigint PRIMARY KEY,
    policy_no  bigint NOT NULL,
    edition    bigint NOT NULL,
    digest     bytea NOT NULL,
    content    text NOT NULL);

CREATE TABLE qice.opt_out(
    firm_id text COLLATE "C" NOT NULL,
    tag     text COLLATE "C" NOT NULL,
    PRIMARY KEY (firm_id, tag));

CREATE TABLE qice.run(
    run_no      bigint PRIMARY KEY,
    as_of       date NOT NULL,
    options     text NOT NULL,
    input       bytea NOT NULL,
    qice        text NOT NULL,
    recorded_at timestamptz NOT NULL,
    firms       bigint NOT NULL,
    policies    bigint NOT NULL,
    first_push  bigint NOT NULL,
    eligible    bigint NOT NULL,
    review      bigint NOT NULL,
    needs_data  bigint NOT NULL,
    near        bigint NOT NULL,
    digest      bytea NOT NULL);
CREATE TABLE qice.reason(
    reason_no bigint PRIMARY KEY,
    digest    bytea NOT NULL UNIQUE, -- of the text, which may be too long for an index
    text      text NOT NULL);
CREATE TABLE qice.push(
    push_no           bigint NOT NULL,
    run_no            bigint NOT NULL,
    firm_no           bigint NOT NULL,
    firm_version_no   bigint NOT NULL,
    policy_version_no bigint NOT NULL,
    reason_no         bigint NOT NULL,
    score             bigint NOT NULL,
    benefit           bigint,
    state_at          bigint,
    claim_until       bigint,
    rank              integer NOT NULL,
    status            smallint NOT NULL,
    state             smallint NOT NULL DEFAULT 0,
    claim             text,
    PRIMARY KEY (push_no, run_no)) PARTITION BY LIST (run_no);
CREATE INDEX push_of_firm ON qice.push(firm_no);
CREATE INDEX push_unclaimed ON qice.push(push_no) WHERE state = 0 AND claim IS NULL;
CREATE INDEX push_claimed ON qice.push(claim_until) WHERE state = 0 AND claim IS NOT NULL;
CREATE TABLE qice.pushed(
    firm_no bigint PRIMARY KEY,
    pairs   bytea NOT NULL) WITH (fillfactor = 80);

CREATE TABLE qice.audit(
    entry_no    bigint PRIMARY KEY,
    recorded_at text NOT NULL,
    kind        text NOT NULL,
    body        text NOT NULL,
    digest      bytea NOT NULL);

CREATE TABLE qice.status_name(status smallint PRIMARY KEY, name text NOT NULL);
INSERT INTO qice.status_name VALUES (0,'eligible'), (1,'review'), (2,'needs_data'), (3,'near');
CREATE TABLE qice.state_name(state smallint PRIMARY KEY, name text NOT NULL);
INSERT INTO qice.state_name VALUES (0,'pending'), (1,'sent'), (2,'opened'), (3,'dismissed'),
    (4,'applied'), (5,'accepted'), (6,'returned'), (7,'withdrawn');

CREATE VIEW qice.pushes AS
SELECT p.push_no AS push_id, p.run_no AS run_id, r.as_of, f.firm_id, y.policy_id,
       v.edition AS policy_version, s.name AS status, p.rank,
       (p.score * 0.000001)::numeric(19, 6) AS score, p.score AS score_millionths,
       p.benefit AS benefit_fen, w.text AS reason, t.name AS state, p.state_at,
       p.firm_version_no AS firm_version_id, p.policy_version_no AS policy_content_id
FROM qice.push p
JOIN qice.run r ON r.run_no = p.run_no
JOIN qice.firm f ON f.firm_no = p.firm_no
JOIN qice.policy_version v ON v.version_no = p.policy_version_no
JOIN qice.policy y ON y.policy_no = v.policy_no
JOIN qice.status_name s ON s.status = p.status
JOIN qice.reason w ON w.reason_no = p.reason_no
JOIN qice.state_name t ON t.state = p.state;
)",
    // Schemas by version, as in SQLite: runs that are there already get the one there is.
    // What was withdrawn since the last night, so that no sender waits for one.
    R"(
CREATE TABLE qice.schema_version(
    since_run bigint PRIMARY KEY,
    file      text NOT NULL,
    json      text NOT NULL);
INSERT INTO qice.schema_version
SELECT 1, f.value, j.value FROM qice.setting f, qice.setting j
WHERE f.name = 'schema_file' AND j.name = 'schema';
DELETE FROM qice.setting WHERE name IN ('schema', 'schema_file');
ALTER TABLE qice.code_list ADD since_run bigint NOT NULL DEFAULT 1,
    DROP CONSTRAINT code_list_pkey, ADD PRIMARY KEY (since_run, name);
ALTER TABLE qice.code_list ALTER since_run DROP DEFAULT;
CREATE TABLE qice.unpushed(
    push_no bigint PRIMARY KEY,
    firm_no bigint NOT NULL,
    pair    bytea NOT NULL);
)",
    // What firms answered, what nights learnt from it, and what spares them work.
    R"(
CREATE INDEX push_answered ON qice.push(firm_no, policy_version_no, state)
    WHERE state >= 2 AND state <= 6;
CREATE TABLE qice.learned(
    firm_no   bigint NOT NULL,
    since_run bigint NOT NULL,
    tags      text NOT NULL,
    PRIMARY KEY (firm_no, since_run));
CREATE TABLE qice.memo(
    name    text PRIMARY KEY,
    content bytea NOT NULL);
)",
    // So that a claim reads the policies of its batch and those that may supersede one.
    R"(
CREATE INDEX policy_superseding ON qice.policy_version(policy_no)
    WHERE strpos(content, '"supersedes"') > 0;
)",
    // Pushes are written once and never changed: what became of them is a table of its own, and who
    // claims them is said of a thousand at a time.
    R"(
CREATE TABLE qice.delivery(
    push_no           bigint PRIMARY KEY,
    firm_no           bigint NOT NULL,
    policy_version_no bigint NOT NULL,
    state_at          bigint NOT NULL,
    state             smallint NOT NULL,
    claim             text);
INSERT INTO qice.delivery
SELECT push_no, firm_no, policy_version_no, coalesce(state_at, 0), state, claim FROM qice.push
WHERE state <> 0;
CREATE INDEX delivery_answered ON qice.delivery(firm_no, policy_version_no, state)
    WHERE state >= 2 AND state <= 6;

CREATE TABLE qice.waiting(
    first_push  bigint PRIMARY KEY,
    end_push    bigint NOT NULL,
    run_no      bigint NOT NULL,
    claim       text,
    claim_until bigint);
INSERT INTO qice.waiting
SELECT min(push_no), max(push_no) + 1, run_no, claim, claim_until FROM (
    SELECT push_no, run_no, claim, claim_until, push_no - row_number() OVER (
        PARTITION BY run_no, claim, claim_until ORDER BY push_no) AS stretch
    FROM qice.push WHERE state = 0) AS pending
GROUP BY run_no, claim, claim_until, stretch, push_no / 1000;
CREATE INDEX waiting_unclaimed ON qice.waiting(first_push) WHERE claim IS NULL;
CREATE INDEX waiting_claimed ON qice.waiting(claim_until) WHERE claim IS NOT NULL;

CREATE OR REPLACE VIEW qice.pushes AS
SELECT p.push_no AS push_id, p.run_no AS run_id, r.as_of, f.firm_id, y.policy_id,
       v.edition AS policy_version, s.name AS status, p.rank,
       (p.score * 0.000001)::numeric(19, 6) AS score, p.score AS score_millionths,
       p.benefit AS benefit_fen, w.text AS reason, t.name AS state, d.state_at,
       p.firm_version_no AS firm_version_id, p.policy_version_no AS policy_content_id
FROM qice.push p
JOIN qice.run r ON r.run_no = p.run_no
JOIN qice.firm f ON f.firm_no = p.firm_no
JOIN qice.policy_version v ON v.version_no = p.policy_version_no
JOIN qice.policy y ON y.policy_no = v.policy_no
JOIN qice.status_name s ON s.status = p.status
JOIN qice.reason w ON w.reason_no = p.reason_no
LEFT JOIN qice.delivery d ON d.push_no = p.push_no
JOIN qice.state_name t ON t.state = coalesce(d.state, 0);
DROP INDEX qice.push_unclaimed, qice.push_claimed, qice.push_answered;
ALTER TABLE qice.push DROP COLUMN state, DROP COLUMN state_at, DROP COLUMN claim,
    DROP COLUMN claim_until;
)",
};

/// The most numbers in a row of qice.waiting.
inline constexpr std::int64_t kMostWaiting = 1000;

/// The version this program writes, kept in qice.store.
inline constexpr int kPostgresVersion = static_cast<int>(std::size(kPostgresSteps));

} // namespace qice
