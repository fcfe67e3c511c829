/*
 * Figures: {name, value, unit, goal, ok} for machines; for people also how the runs of it spread,
 * and what it was measured beside. goal and ok are null where a figure has no goal.
 */
import { summary } from './statistics.js';

export class Report {
	#figures = [];

	/* `values` are the runs; the figure is their median, or the worst. `max` is a goal that may not be exceeded, `min` one to be reached. */
	add(name, unit, values, { max = null, min = null, worst = false, beside = '' } = {}) {
		const { median, low, high } = summary(values);
		const value = worst ? high : median;
		this.#figures.push({
			name,
			value: rounded(value),
			unit,
			goal: max !== null ? `<= ${max}` : min !== null ? `>= ${min}` : null,
			ok: max !== null ? value <= max : min !== null ? value >= min : null,
			spread: values.length > 1 ? `${rounded(low)} … ${rounded(high)}` : '',
			beside,
		});
	}

	get ok() {
		return this.#figures.every(({ ok }) => ok !== false);
	}

	toJSON() {
		return this.#figures.map(({ name, value, unit, goal, ok }) => ({ name, value, unit, goal, ok }));
	}

	toString() {
		return this.#figures.map(line).join('\n');
	}
}

/* Three digits are more than such a measurement is good for. */
function rounded(value) {
	return Number(value.toPrecision(Math.abs(value) >= 1000 ? 4 : 3));
}

const MARKS = new Map([[null, ' '], [true, '✓'], [false, '✗']]);

function line({ name, value, unit, goal, ok, spread, beside }) {
	const columns = [name.padEnd(44), String(value).padStart(7), unit.padEnd(12), spread.padEnd(20)];
	const goalText = goal ? `goal ${goal}` : '';
	return [MARKS.get(ok), ...columns, goalText.padEnd(12), beside].join(' ').trimEnd();
}
