package cn.qice;

/**
 * A value or a whole row that could not be taken. The value is unknown then, and the firm takes part.
 *
 * @param line where the row begins, from 1; 0 for a firm that was no row
 * @param firm the firm's id
 * @param field empty: the whole row was set aside
 */
public record BadValue(long line, String firm, String field, String value, String reason) {}
