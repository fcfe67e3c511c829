/* One step of a run: what it said, made, took in and cost. */
import { StoredAudio } from '../audio/stored';
import { formatNumber, formatTook } from '../format';
import { serviceTitle } from '../services';
import { Notice } from '../ui/states';
import type { Json, StepLog } from '../workflows/types';
import { StatusBadge } from './status';

function member(value: Json | undefined, name: string): Json {
	return value && typeof value === 'object' && !Array.isArray(value) ? (value[name] ?? null) : null;
}

function Data({ title, value, open }: { title: string; value: Json | undefined; open?: boolean }) {
	if (value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0)) return null;
	return (
		<details className="fold" open={open}>
			<summary>{title}</summary>
			<pre>{typeof value === 'string' ? value : JSON.stringify(value, null, 2)}</pre>
		</details>
	);
}

function costOf(cost: Record<string, Json>): string {
	const parts: string[] = [];
	const number = (name: string) => (typeof cost[name] === 'number' ? (cost[name] as number) : null);
	const billed = number('billedCharacters') ?? number('characters');
	if (billed !== null) parts.push(`${formatNumber(billed)} characters billed`);
	const tokens = (number('promptTokens') ?? 0) + (number('completionTokens') ?? 0);
	if (tokens > 0) parts.push(`${formatNumber(tokens)} tokens`);
	const by = [typeof cost.provider === 'string' && serviceTitle(cost.provider), cost.model].filter((text) => typeof text === 'string').join(', ');
	return by ? `${parts.join(', ')} (${by})` : parts.join(', ');
}

export function Progress({ step }: { step: StepLog }) {
	const { progress } = step;
	if (step.status !== 'running' || !progress || progress.total < 1) return null;
	const { done, total } = progress;
	const spent = step.startedAt ? Date.now() - new Date(step.startedAt).getTime() : 0;
	const left = done > 0 ? (spent / done) * (total - done) : null;
	return (
		<div className="stack tight">
			<progress max={total} value={done} aria-label="Segments done" />
			<p className="fine numbers">
				Segment {Math.min(done + 1, total)} of {total}
				{left !== null && `, about ${formatTook(Math.max(left, 1000))} left`}
			</p>
		</div>
	);
}

export function StepDetails({ step }: { step: StepLog }) {
	const text = member(step.output, 'text');
	const key = member(step.output, 'audioKey');
	const captions = member(step.output, 'captionsKey');
	const seconds = member(step.output, 'durationSec');
	return (
		<div className="step-details stack">
			<div className="row">
				<h3 className="grow">{step.nodeTitle}</h3>
				<StatusBadge status={step.status} />
				{step.durationMs !== undefined && <span className="fine numbers">{formatTook(step.durationMs)}</span>}
				{(step.attempts ?? 1) > 1 && <span className="fine">{step.attempts} tries</span>}
			</div>
			<Progress step={step} />
			{step.reusedFrom && <p className="fine">Kept from the run before: it was not run again.</p>}
			{step.error && (
				<Notice kind="bad" title="This step failed">
					{step.error}
				</Notice>
			)}
			<Data title="Where it happened" value={step.errorStack ?? null} />
			{typeof key === 'string' && <StoredAudio key={key} audioKey={key} captionsKey={typeof captions === 'string' ? captions : null} title={step.nodeTitle} seconds={typeof seconds === 'number' ? seconds : 0} />}
			{typeof text === 'string' && text && <p className="step-output">{text}</p>}
			{step.notes && step.notes.length > 0 && (
				<ul className="fine">
					{step.notes.map((note) => (
						<li key={note}>{note}</li>
					))}
				</ul>
			)}
			{step.cost && <p className="fine">{costOf(step.cost)}</p>}
			<Data title="Output" value={step.output} open={typeof text !== 'string' && typeof key !== 'string'} />
			<Data title="Input" value={step.input} />
		</div>
	);
}
