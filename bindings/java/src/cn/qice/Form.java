package cn.qice;

/** How an explanation is written: as JSON for programs, or as a page for people. */
public enum Form { JSON, CHINESE, ENGLISH }
