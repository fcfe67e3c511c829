/* What speech has cost: the month's budget, what was billed by day and provider, and by voice. */
import { useMemo, useState } from 'react';
import { formatNumber } from '../format';
import { SelectField } from '../ui/field';
import { Empty, Failure, Loading } from '../ui/states';
import { useResource } from '../use-resource';
import { serviceTitle } from '../services';
import { BudgetSection } from './budget';
import { Chart } from './chart';
import { dayFromNow, seriesOf } from './series';
import type { Counts, Usage, UsageEntry } from './types';

const RANGES = [
	{ value: 'month', label: 'This month', from: () => `${dayFromNow(0).slice(0, 7)}-01` },
	{ value: '30', label: 'Last 30 days', from: () => dayFromNow(-29) },
	{ value: '365', label: 'Last 12 months', from: () => dayFromNow(-364) },
];

const COUNTS: { field: keyof Counts; label: string }[] = [
	{ field: 'characters', label: 'Spoken' },
	{ field: 'billedCharacters', label: 'Billed' },
	{ field: 'cachedCharacters', label: 'Reused' },
];

interface Row extends Counts {
	key: string;
	cells: string[];
}

/* Entries added up by what `cellsOf` calls them, in the order in which they come. */
function sumBy(entries: readonly UsageEntry[], cellsOf: (entry: UsageEntry) => string[]): Row[] {
	const rows = new Map<string, Row>();
	for (const entry of entries) {
		const cells = cellsOf(entry), key = cells.join('\n');
		const row = rows.get(key) ?? { key, cells, characters: 0, billedCharacters: 0, cachedCharacters: 0 };
		for (const { field } of COUNTS) row[field] += entry[field];
		rows.set(key, row);
	}
	return [...rows.values()];
}

function UsageTable({ caption, heads, rows }: { caption: string; heads: string[]; rows: Row[] }) {
	return (
		<div className="table-scroll" tabIndex={0} role="region" aria-label={caption}>
			<table>
				<caption className="visually-hidden">{caption}</caption>
				<thead>
					<tr>
						{heads.map((head) => (
							<th key={head} scope="col">
								{head}
							</th>
						))}
						{COUNTS.map(({ field, label }) => (
							<th key={field} scope="col" className="number">
								{label}
							</th>
						))}
					</tr>
				</thead>
				<tbody>
					{rows.map((row) => (
						<tr key={row.key}>
							{row.cells.map((cell, i) => (
								<td key={heads[i]}>{cell}</td>
							))}
							{COUNTS.map(({ field }) => (
								<td key={field} className="number">
									{formatNumber(row[field])}
								</td>
							))}
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
}

function Totals({ totals }: { totals: Counts }) {
	return (
		<dl className="usage-totals">
			{COUNTS.map(({ field, label }) => (
				<div key={field}>
					<dt>{label}</dt>
					<dd className="numbers">{formatNumber(totals[field])}</dd>
				</div>
			))}
		</dl>
	);
}

function voiceOf({ profileId, profileName }: UsageEntry): string {
	return profileName ?? (profileId ? 'A deleted voice' : 'No voice of yours');
}

function Report({ usage }: { usage: Usage }) {
	const series = useMemo(() => seriesOf(usage.days, usage.from, usage.to), [usage]);
	if (usage.days.length === 0) {
		return (
			<Empty icon="chart" title="Nothing was spoken in this time">
				Run a workflow that speaks, and what it costs is counted here.
			</Empty>
		);
	}
	const dayFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeZone: 'UTC' });
	const byVoice = sumBy(usage.days, (entry) => [voiceOf(entry), serviceTitle(entry.provider)]).sort((a, b) => b.billedCharacters - a.billedCharacters);
	const byDay = sumBy([...usage.days].reverse(), ({ date, provider }) => [dayFormat.format(new Date(date)), serviceTitle(provider)]);
	return (
		<div className="stack">
			<Totals totals={usage.totals} />
			<Chart series={series} />
			<h3>By voice</h3>
			<UsageTable caption="Characters by voice" heads={['Voice', 'Provider']} rows={byVoice} />
			<details>
				<summary>By day</summary>
				<UsageTable caption="Characters by day" heads={['Day', 'Provider']} rows={byDay} />
			</details>
		</div>
	);
}

export default function UsagePage() {
	const [range, setRange] = useState(RANGES[0]!);
	const { data, error, reload } = useResource<Usage>(`/api/usage?from=${range.from()}&to=${dayFromNow(0)}`);
	/* The budget is the same whatever is asked for: it stays while another time is loaded. */
	const [budget, setBudget] = useState<Usage['budget'] | null>(null);
	if (data && data.budget !== budget) setBudget(data.budget);
	return (
		<>
			<header className="page-head">
				<h1>Usage</h1>
			</header>
			<div className="settings">
				{budget && <BudgetSection budget={budget} onSaved={reload} />}
				<section aria-labelledby="characters-title">
					<header className="settings-head">
						<h2 id="characters-title">Characters</h2>
						<SelectField label={<span className="visually-hidden">Time</span>} value={range.value} choices={RANGES} onChange={(event) => setRange(RANGES.find(({ value }) => value === event.target.value)!)} />
						<p className="quiet">What a provider bills; a sentence that was spoken before in the same voice is reused, and costs nothing. Days are those of UTC.</p>
					</header>
					{error && !data ? <Failure error={error} retry={reload} what="your usage" /> : !data ? <Loading what="your usage" /> : <Report usage={data} />}
				</section>
			</div>
		</>
	);
}
