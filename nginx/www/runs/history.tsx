/* The latest runs of a workflow: opened one by one, or two of them beside each other. */
import { useState } from 'react';
import { formatDate, formatTook } from '../format';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { Empty, Failure, Loading } from '../ui/states';
import { useResource } from '../use-resource';
import type { Execution, StepLog } from '../workflows/types';
import { StatusBadge, statusLabel } from './status';

function tookOf({ startedAt, completedAt }: Execution): string {
	return completedAt ? formatTook(new Date(completedAt).getTime() - new Date(startedAt).getTime()) : '';
}

function cell(step: StepLog | undefined): string {
	if (!step) return 'Not there';
	return step.durationMs === undefined ? statusLabel(step.status) : `${statusLabel(step.status)}, ${formatTook(step.durationMs)}`;
}

function isOther(a: StepLog | undefined, b: StepLog | undefined): boolean {
	return a?.status !== b?.status || JSON.stringify(a?.output) !== JSON.stringify(b?.output);
}

function Comparison({ two: [older, newer] }: { two: [Execution, Execution] }) {
	const keyOf = ({ nodeId, iteration }: StepLog) => `${nodeId}#${iteration ?? 0}`;
	const [before, after] = [new Map(older.logs.map((step) => [keyOf(step), step])), new Map(newer.logs.map((step) => [keyOf(step), step]))];
	const keys = [...new Set([...after.keys(), ...before.keys()])];
	return (
		<div className="scroll-x">
			<table>
				<thead>
					<tr>
						<th>Step</th>
						<th>{formatDate(older.startedAt)}</th>
						<th>{formatDate(newer.startedAt)}</th>
						<th>Result</th>
					</tr>
				</thead>
				<tbody>
					{keys.map((key) => (
						<tr key={key}>
							<td>{(after.get(key) ?? before.get(key))?.nodeTitle}</td>
							<td>{cell(before.get(key))}</td>
							<td>{cell(after.get(key))}</td>
							<td>{isOther(before.get(key), after.get(key)) ? 'Different' : 'The same'}</td>
						</tr>
					))}
				</tbody>
			</table>
		</div>
	);
}

export function HistoryDialog({ workflowId, current, onClose, onOpen }: { workflowId: string; current: string | null; onClose: () => void; onOpen: (id: string) => void }) {
	const { data, error, reload } = useResource<Execution[]>(`/api/workflows/${workflowId}/executions`);
	const [chosen, setChosen] = useState<string[]>([]);
	const two = (data ?? []).filter(({ id }) => chosen.includes(id));
	const compared = two.length === 2 ? ([two[1], two[0]] as [Execution, Execution]) : null;
	const toggle = (id: string) => setChosen((old) => (old.includes(id) ? old.filter((other) => other !== id) : [...old.slice(-1), id]));
	return (
		<Dialog title="Runs" wide onClose={onClose}>
			{error ? (
				<Failure error={error} retry={reload} what="the runs" />
			) : !data ? (
				<Loading what="the runs" />
			) : data.length === 0 ? (
				<Empty icon="history" title="No runs yet">
					Press Run, and the run shows up here.
				</Empty>
			) : (
				<>
					{data.length > 1 && <p className="fine">Choose two to compare them.</p>}
					<ul className="plain-list run-list">
						{data.map((run) => (
							<li key={run.id} aria-current={run.id === current || undefined}>
								<input type="checkbox" aria-label={`Compare the run of ${formatDate(run.startedAt)}`} checked={chosen.includes(run.id)} onChange={() => toggle(run.id)} />
								<StatusBadge status={run.status} />
								<span className="grow">
									{formatDate(run.startedAt)} <span className="fine">{tookOf(run)}{run.rerunOf && ' · rerun'}</span>
								</span>
								<Button size="small" onClick={() => onOpen(run.id)}>
									Open
								</Button>
							</li>
						))}
					</ul>
					{compared && <Comparison two={compared} />}
				</>
			)}
		</Dialog>
	);
}
