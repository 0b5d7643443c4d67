package cn.qice;

/** How an explanation is written. */
public enum Form {
    /** For programs; docs/explain.md has its shape. */
    JSON,
    /** A page for people, in Chinese. */
    CHINESE,
    /** A page for people, in English. */
    ENGLISH
}
