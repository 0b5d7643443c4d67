package cn.qice;

/**
 * A policy of a firm, or a firm of a policy.
 *
 * @param score in millionths
 */
public record Ranked(String id, long score) {}
