// The tables of a SQLite store, as steps from one version to the next: docs/store.md says what is
// in them. A released step is never changed; a new one is added behind it.
#pragma once

#include <iterator>

namespace qice {

/// `application_id` of the file: "qice".
inline constexpr int kSqliteApplication = 0x71696365;

inline constexpr const char* kSqliteSteps[] = {
    R"(
CREATE TABLE setting(
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE schema_version(
    since_run INTEGER PRIMARY KEY,
    file      TEXT NOT NULL,
    json      TEXT NOT NULL) STRICT;
CREATE TABLE code_list(
    since_run INTEGER NOT NULL,
    name      TEXT NOT NULL,
    content   TEXT NOT NULL,
    PRIMARY KEY(since_run, name)) STRICT, WITHOUT ROWID;
CREATE TABLE layout(
    layout_no INTEGER PRIMARY KEY,
    header    TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE firm(
    firm_no    INTEGER PRIMARY KEY,
    firm_id    TEXT NOT NULL UNIQUE,
    version_no INTEGER,
    digest     BLOB) STRICT;
CREATE TABLE firm_version(
    version_no INTEGER PRIMARY KEY,
    firm_no    INTEGER NOT NULL,
    layout_no  INTEGER NOT NULL,
    digest     BLOB NOT NULL,
    record     TEXT NOT NULL) STRICT;

CREATE TABLE policy(
    policy_no  INTEGER PRIMARY KEY,
    policy_id  TEXT NOT NULL UNIQUE,
    version_no INTEGER) STRICT;
CREATE TABLE policy_version(
    version_no INTEGER PRIMARY KEY,
    policy_no  INTEGER NOT NULL,
    edition    INTEGER NOT NULL,
    digest     BLOB NOT NULL,
    content    TEXT NOT NULL) STRICT;

CREATE TABLE opt_out(
    firm_id TEXT NOT NULL,
    tag     TEXT NOT NULL,
    PRIMARY KEY(firm_id, tag)) STRICT, WITHOUT ROWID;

CREATE TABLE run(
    run_no      INTEGER PRIMARY KEY,
    as_of       TEXT NOT NULL,
    options     TEXT NOT NULL,
    input       BLOB NOT NULL,
    qice        TEXT NOT NULL,
    recorded_at TEXT NOT NULL,
    firms       INTEGER NOT NULL,
    policies    INTEGER NOT NULL,
    first_push  INTEGER NOT NULL,
    eligible    INTEGER NOT NULL,
    review      INTEGER NOT NULL,
    needs_data  INTEGER NOT NULL,
    near        INTEGER NOT NULL,
    digest      BLOB NOT NULL) STRICT;
CREATE TABLE reason(
    reason_no INTEGER PRIMARY KEY,
    text      TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE push(
    push_no           INTEGER PRIMARY KEY,
    run_no            INTEGER NOT NULL,
    firm_no           INTEGER NOT NULL,
    firm_version_no   INTEGER NOT NULL,
    policy_version_no INTEGER NOT NULL,
    status            INTEGER NOT NULL,
    rank              INTEGER NOT NULL,
    score             INTEGER NOT NULL,
    benefit           INTEGER,
    reason_no         INTEGER NOT NULL,
    state             INTEGER NOT NULL DEFAULT 0,
    state_at          INTEGER,
    claim             TEXT,
    claim_until       INTEGER) STRICT;
CREATE INDEX push_of_firm ON push(firm_no);
CREATE INDEX push_unclaimed ON push(push_no) WHERE state = 0 AND claim IS NULL;
CREATE INDEX push_claimed ON push(claim_until) WHERE state = 0 AND claim IS NOT NULL;
CREATE TABLE pushed(
    firm_no INTEGER PRIMARY KEY,
    pairs   BLOB NOT NULL) STRICT;

CREATE TABLE audit(
    entry_no    INTEGER PRIMARY KEY,
    recorded_at TEXT NOT NULL,
    kind        TEXT NOT NULL,
    body        TEXT NOT NULL,
    digest      BLOB NOT NULL) STRICT;

CREATE TABLE status_name(status INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
INSERT INTO status_name VALUES (0,'eligible'), (1,'review'), (2,'needs_data'), (3,'near');
CREATE TABLE state_name(state INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
INSERT INTO state_name VALUES (0,'pending'), (1,'sent'), (2,'opened'), (3,'dismissed'),
    (4,'applied'), (5,'accepted'), (6,'returned'), (7,'withdrawn');

CREATE VIEW pushes AS
SELECT p.push_no AS push_id, p.run_no AS run_id, r.as_of, f.firm_id, y.policy_id,
       v.edition AS policy_version, s.name AS status, p.rank, p.score / 1e6 AS score,
       p.score AS score_millionths, p.benefit AS benefit_fen, w.text AS reason, t.name AS state,
       p.state_at, p.firm_version_no AS firm_version_id, p.policy_version_no AS policy_content_id
FROM push p
JOIN run r ON r.run_no = p.run_no
JOIN firm f ON f.firm_no = p.firm_no
JOIN policy_version v ON v.version_no = p.policy_version_no
JOIN policy y ON y.policy_no = v.policy_no
JOIN status_name s ON s.status = p.status
JOIN reason w ON w.reason_no = p.reason_no
JOIN state_name t ON t.state = p.state;
)",
    // What firms answered, what nights learnt from it, and what spares them work.
    R"(
CREATE INDEX push_answered ON push(firm_no, policy_version_no, state)
    WHERE state >= 2 AND state <= 6;
CREATE TABLE learned(
    firm_no   INTEGER NOT NULL,
    since_run INTEGER NOT NULL,
    tags      TEXT NOT NULL,
    PRIMARY KEY(firm_no, since_run)) STRICT, WITHOUT ROWID;
CREATE TABLE memo(
    name    TEXT PRIMARY KEY,
    content BLOB NOT NULL) STRICT;
)",
    // So that a claim reads the policies of its batch and those that may supersede one.
    R"(
CREATE INDEX policy_superseding ON policy_version(policy_no)
    WHERE instr(content, '"supersedes"') > 0;
)",
};

/// The version this program writes, kept as `user_version` of the file.
inline constexpr int kSqliteVersion = static_cast<int>(std::size(kSqliteSteps));

} // namespace qice
