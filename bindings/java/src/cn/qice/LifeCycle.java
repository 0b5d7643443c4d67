package cn.qice;

/** Where a policy stands on a day; only open ones are matched, unless the engine includes the rest. */
public enum LifeCycle { OPEN, DRAFT, WITHDRAWN, NOT_IN_FORCE, SUPERSEDED, CLOSED }
