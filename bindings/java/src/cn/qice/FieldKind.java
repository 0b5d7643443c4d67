package cn.qice;

/** What the values of a field are. */
public enum FieldKind {
    /** An exact number with the decimals of its field. */
    NUMBER,
    /** A day. */
    DATE,
    /** Yes or no. */
    FLAG,
    /** One text of a list. */
    CATEGORY,
    /** One code of a hierarchy: a region, an industry. */
    CODE,
    /** Elements, each with a last valid day or without. */
    SET,
    /** Tags with weights. */
    TAGS,
    /** Any text. */
    TEXT
}
