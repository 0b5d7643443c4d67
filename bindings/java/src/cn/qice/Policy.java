package cn.qice;

/**
 * A policy as a snapshot has it.
 *
 * @param number its place in the snapshot, from 0
 * @param lifeCycle on the day of the snapshot
 */
public record Policy(int number, String id, String title, long version, LifeCycle lifeCycle) {}
