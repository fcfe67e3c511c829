/* What was bought, in the columns of a chart: by day, or by month where there would be too many. */
import type { UsageEntry } from './types';

const MOST_COLUMNS = 62;
const DAY_MS = 86_400_000;

const dayFormat = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' });
const monthFormat = new Intl.DateTimeFormat(undefined, { month: 'short', year: 'numeric', timeZone: 'UTC' });

export interface Column {
	key: string;
	label: string;
	/* Billed characters, in the order of `providers`. */
	billed: number[];
	total: number;
}

export interface Series {
	unit: 'day' | 'month';
	providers: string[];
	columns: Column[];
}

/* "2026-02-21", `days` from now. */
export function dayFromNow(days: number): string {
	return new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);
}

function* daysBetween(from: string, to: string): Generator<string> {
	for (let at = Date.parse(from); at <= Date.parse(to); at += DAY_MS) yield new Date(at).toISOString().slice(0, 10);
}

export function seriesOf(entries: readonly UsageEntry[], from: string, to: string): Series {
	const days = [...daysBetween(from, to)];
	const unit = days.length > MOST_COLUMNS ? 'month' : 'day';
	const keyOf = (day: string) => (unit === 'day' ? day : day.slice(0, 7));
	const format = unit === 'day' ? dayFormat : monthFormat;
	const providers = [...new Set(entries.map(({ provider }) => provider))].sort();
	const columns = new Map<string, Column>();
	for (const day of days) {
		const key = keyOf(day);
		if (!columns.has(key)) columns.set(key, { key, label: format.format(new Date(day)), billed: providers.map(() => 0), total: 0 });
	}
	for (const { date, provider, billedCharacters } of entries) {
		const column = columns.get(keyOf(date));
		if (!column) continue;
		column.billed[providers.indexOf(provider)]! += billedCharacters;
		column.total += billedCharacters;
	}
	return { unit, providers, columns: [...columns.values()] };
}

/* The least of 1, 2, 5, 10, 20, 50 … that is not below `value`. */
export function roundUp(value: number): number {
	const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
	return power * ([1, 2, 5, 10].find((step) => step * power >= value) ?? 10);
}
