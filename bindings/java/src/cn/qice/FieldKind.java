package cn.qice;

/** What the values of a field are. */
public enum FieldKind { NUMBER, DATE, FLAG, CATEGORY, CODE, SET, TAGS, TEXT }
