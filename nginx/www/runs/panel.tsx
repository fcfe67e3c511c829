/* The run that is shown: its steps as a waterfall, and the one that is looked at. */
import { useEffect, useState, useSyncExternalStore } from 'react';
import { useEditor, useRun } from '../editor/context';
import { formatAgo, formatDate, formatTook } from '../format';
import { Button } from '../ui/button';
import { Menu } from '../ui/menu';
import { Failure, Loading, Notice } from '../ui/states';
import type { Execution, StepLog } from '../workflows/types';
import { Segments } from './segments';
import { StatusBadge } from './status';
import { StepDetails } from './step-details';

type Rerun = (body: { from?: 'start' | { nodeId: string }; version?: 'original' | 'current' }) => Promise<unknown>;

interface Props {
	onRerun: Rerun;
	onCancel: () => Promise<unknown>;
	onRun: () => Promise<unknown>;
	onHistory: () => void;
	onClose: () => void;
	onShow: (run: Execution) => void;
}

const keyOf = ({ nodeId, iteration }: StepLog) => `${nodeId}#${iteration ?? 0}`;

/* The time now, each half second while something runs. */
function useNow(running: boolean): number {
	const [now, setNow] = useState(() => Date.now());
	useEffect(() => {
		if (!running) return;
		setNow(Date.now());
		const timer = setInterval(() => setNow(Date.now()), 500);
		return () => clearInterval(timer);
	}, [running]);
	return now;
}

/* The step to look at when the user chose none: what runs, what failed, else the last with something to hear or read. */
function telling(logs: StepLog[]): StepLog | undefined {
	return logs.find(({ status }) => status === 'running') ?? logs.find(({ status }) => status === 'error') ?? [...logs].reverse().find(({ status }) => status === 'success') ?? logs[0];
}

function Bar({ step, from, span, now }: { step: StepLog; from: number; span: number; now: number }) {
	if (!step.startedAt || step.reusedFrom) return <span className="bar-track" />;
	const start = new Date(step.startedAt).getTime() - from;
	const end = (step.completedAt ? new Date(step.completedAt).getTime() : now) - from;
	const left = Math.min(Math.max((start / span) * 100, 0), 99);
	const width = Math.min(Math.max(((end - start) / span) * 100, 1), 100 - left);
	return (
		<span className="bar-track">
			<span className={`bar-fill ${step.status}`} style={{ left: `${left}%`, width: `${width}%` }} />
		</span>
	);
}

function Waterfall({ run, chosen, onChoose }: { run: Execution; chosen: string | undefined; onChoose: (step: StepLog) => void }) {
	const now = useNow(run.status === 'RUNNING');
	const from = new Date(run.startedAt).getTime();
	const end = run.completedAt ? new Date(run.completedAt).getTime() : Math.max(now, from + 1);
	const span = Math.max(end - from, 1);
	return (
		<ol className="plain-list waterfall" aria-label="Steps of the run">
			{run.logs.map((step) => (
				<li key={keyOf(step)}>
					<button type="button" aria-pressed={keyOf(step) === chosen} className={`waterfall-row ${step.status}`} onClick={() => onChoose(step)}>
						<span className="cut waterfall-title" title={step.nodeTitle}>
							{step.nodeTitle}
							{step.iteration ? ` #${step.iteration}` : ''}
						</span>
						<Bar step={step} from={from} span={span} now={now} />
						<span className="numbers fine">
							{step.status === 'idle' ? 'Not reached' : step.reusedFrom ? 'Kept' : step.status === 'running' ? 'Running' : formatTook(step.durationMs ?? 0)}
							<span className="visually-hidden">{step.status === 'error' ? ', failed' : ''}</span>
						</span>
					</button>
				</li>
			))}
		</ol>
	);
}

function Head({ run, props }: { run: Execution; props: Props }) {
	const failed = run.status === 'FAILED';
	const took = run.completedAt ? new Date(run.completedAt).getTime() - new Date(run.startedAt).getTime() : null;
	return (
		<header className="run-head">
			<h2>Run</h2>
			<StatusBadge status={run.status} />
			<span className="fine grow" title={formatDate(run.startedAt)}>
				{formatAgo(run.startedAt)}
				{took !== null && `, took ${formatTook(took)}`}
				{run.rerunOf && ', a rerun'}
			</span>
			{(run.status === 'RUNNING' || failed) && (
				<div className="run-actions">
					{run.status === 'RUNNING' && (
						<Button size="small" icon="stop" onClick={props.onCancel}>
							Cancel
						</Button>
					)}
					{failed && (
						<>
							<Button size="small" kind="primary" icon="rerun" onClick={() => props.onRerun({ version: 'current' })} title="Keeps what succeeded, and runs the workflow as it is now">
								Rerun from the failed step
							</Button>
							<Menu
								label="Other ways to rerun"
								items={[
									{ label: 'From the failed step, as it was', run: () => void props.onRerun({}) },
									{ label: 'From the start, as it is now', run: () => void props.onRerun({ from: 'start', version: 'current' }) },
									{ label: 'From the start, as it was', run: () => void props.onRerun({ from: 'start' }) },
								]}
							/>
						</>
					)}
				</div>
			)}
			<Button kind="quiet" size="small" icon="history" iconOnly onClick={props.onHistory}>
				All runs
			</Button>
			<Button kind="quiet" size="small" icon="close" iconOnly onClick={props.onClose}>
				Close the run
			</Button>
		</header>
	);
}

export function RunPanel(props: Props) {
	const { runs, document } = useEditor();
	const run = useRun(runs);
	const error = useSyncExternalStore(runs.subscribe, () => runs.error);
	const [chosen, setChosen] = useState<string | null>(null);
	useEffect(() => setChosen(null), [run?.id]);
	const step = run?.logs.find((entry) => keyOf(entry) === chosen) ?? (run ? telling(run.logs) : undefined);
	return (
		<section className="run-panel" aria-label="Run">
			{!run ? (
				error ? <Failure error={error} retry={() => runs.poll()} what="the run" /> : <Loading what="the run" />
			) : (
				<>
					<Head run={run} props={props} />
					{error && <Notice kind="warn">How the run stands is not known at the moment: {error.message}</Notice>}
					{run.error && !run.logs.some((entry) => entry.error) && <Notice kind="bad">{run.error}</Notice>}
					<div className="run-parts">
						<Waterfall
							run={run}
							chosen={step && keyOf(step)}
							onChoose={(entry) => {
								setChosen(keyOf(entry));
								if (document.node(entry.nodeId)) document.select([entry.nodeId]);
							}}
						/>
						{step && (
							<div className="run-step stack">
								<StepDetails key={keyOf(step)} step={step} />
								{typeof (step.output as { segments?: unknown } | null)?.segments === 'number' && <Segments key={step.nodeId} execution={run} nodeId={step.nodeId} onShow={props.onShow} />}
								{run.status !== 'RUNNING' && (step.status !== 'idle' || run.status === 'CANCELLED') && (
									<div className="row">
										<Button size="small" icon="rerun" onClick={() => props.onRerun({ from: { nodeId: step.nodeId }, version: 'current' })}>
											Rerun from this step
										</Button>
									</div>
								)}
							</div>
						)}
					</div>
				</>
			)}
		</section>
	);
}
