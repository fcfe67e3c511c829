/* The list of pronunciations while it is edited, and what is wrong with it. The limits are the API's. */
import { ApiError } from '../api';

export interface Pronunciation {
	word: string;
	replacement: string;
}

/* A row of the page. The key stays while the row is edited. */
export interface Row extends Pronunciation {
	key: number;
}

export type Faults = Partial<Pronunciation>;

export const MOST_WORDS = 200;
const LONGEST = { word: 100, replacement: 300 };
const LABEL = { word: 'Word', replacement: 'Spoken as' };

let next = 1;

export function rowOf({ word, replacement }: Pronunciation): Row {
	return { word, replacement, key: next++ };
}

/* What would be saved: rows that nothing was written into are none. */
export function entriesOf(rows: readonly Row[]): Pronunciation[] {
	return rows.map(({ word, replacement }) => ({ word: word.trim(), replacement: replacement.trim() })).filter(({ word, replacement }) => word || replacement);
}

function faultOf(name: keyof Pronunciation, value: string): string | null {
	const length = [...value].length;
	if (length === 0) return `${LABEL[name]} is required`;
	if (length > LONGEST[name]) return `${LABEL[name]} must be at most ${LONGEST[name]} characters, not ${length}`;
	return name === 'word' && !/[\p{L}\p{N}]/u.test(value) ? 'Word has to have a letter or digit' : null;
}

/* The faults by row. A word that is there twice is wrong where it comes again. */
export function faultsOf(rows: readonly Row[]): Map<number, Faults> {
	const found = new Map<number, Faults>();
	const seen = new Set<string>();
	for (const row of rows) {
		const [word, replacement] = [row.word.trim(), row.replacement.trim()];
		if (!word && !replacement) continue;
		const faults: Faults = {};
		const [ofWord, ofReplacement] = [faultOf('word', word), faultOf('replacement', replacement)];
		if (ofWord) faults.word = ofWord;
		else if (seen.has(word)) faults.word = `“${word}” is in the list already`;
		if (ofReplacement) faults.replacement = ofReplacement;
		seen.add(word);
		if (faults.word || faults.replacement) found.set(row.key, faults);
	}
	return found;
}

/* The API's refusal of one entry ("Entry 3: …"), at its row; null: it is about something else. */
export function refusedRow(rows: readonly Row[], error: unknown): Map<number, Faults> | null {
	const [, place, reason] = (error instanceof ApiError && /^Entry (\d+): (.*)$/s.exec(error.message)) || [];
	const row = rows.filter(({ word, replacement }) => word.trim() || replacement.trim())[Number(place) - 1];
	if (!row || !reason) return null;
	return new Map([[row.key, reason.startsWith('Replacement') ? { replacement: reason } : { word: reason }]]);
}
