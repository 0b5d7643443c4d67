package cn.qice;

/**
 * A field that a firm has.
 *
 * @param number its place in the schema, from 0
 * @param decimals how many a number has
 * @param derived made of others; it cannot be set
 */
public record Field(int number, String name, FieldKind kind, int decimals, boolean derived) {}
