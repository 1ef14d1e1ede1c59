/** A name as it is kept and shown: without the blanks around it that a keyboard or a paste adds, its accents in one form. */
export const usernameAsWritten = (text: string): string => text.trim().normalize('NFC');

/**
 * What two ways of writing one name have in common: they differ in case and outer blanks at the most. Lower case may take
 * an accent apart, so that the form comes last. db/migrations/0009 has written it like this: it stays as it is.
 */
export const usernameKey = (text: string): string => usernameAsWritten(text).toLowerCase().normalize('NFC');
