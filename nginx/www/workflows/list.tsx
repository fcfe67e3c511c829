/* All workflows: how each stands, how its last run went, and what can be done with it. */
import { useEffect, useMemo, useState, type FormEvent } from 'react';
import { ApiError, del, messageOf, post, put } from '../api';
import { formatAgo, formatDate, formatLength } from '../format';
import { Link, navigate } from '../router';
import { StatusBadge } from '../runs/status';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { TextArea, TextField } from '../ui/field';
import { Icon } from '../ui/icon';
import { Menu } from '../ui/menu';
import { Badge, Empty, Failure, Loading, Notice } from '../ui/states';
import { toast, toastError, undoable } from '../ui/toast';
import { useResource } from '../use-resource';
import { createExample } from './example';
import type { Json, RunLog, Workflow, WorkflowStatus } from './types';

const LIST = '/api/workflows';
const STATUS: Record<WorkflowStatus, { label: string; kind: 'plain' | 'good' | 'warn' }> = {
	DRAFT: { label: 'Draft', kind: 'plain' },
	ACTIVE: { label: 'Active', kind: 'good' },
	ARCHIVED: { label: 'Archived', kind: 'warn' },
};
/* How often the list is looked at again while one of its workflows runs. */
const POLL_MS = 3000;

function outputOf(output: Json, name: string): Json {
	return output && typeof output === 'object' && !Array.isArray(output) ? (output[name] ?? null) : null;
}

/* What came of a run, in a few words. */
function resultOf(run: RunLog): string {
	const failed = run.steps.find(({ status }) => status === 'error');
	if (failed) return `${failed.nodeTitle}: ${failed.error ?? 'failed'}`;
	if (run.status === 'running') {
		const current = run.steps.find(({ status }) => status === 'running');
		return current ? current.nodeTitle : 'Waiting to start';
	}
	if (run.status === 'error') return 'Stopped before its end';
	for (const { output } of [...run.steps].reverse()) {
		const seconds = outputOf(output, 'durationSec');
		if (typeof seconds === 'number') return `Audio, ${formatLength(seconds)}`;
	}
	return `${run.steps.filter(({ status }) => status === 'success').length} steps`;
}

function LastRun({ workflow }: { workflow: Workflow }) {
	const run = workflow.lastRunLog;
	if (!run) return <span className="quiet">Never run</span>;
	const result = resultOf(run);
	return (
		<Link className="last-run" href={`/workflows/${workflow.id}/runs/${run.id}`} title={result}>
			<StatusBadge status={run.status} />
			<span className="quiet" title={formatDate(run.startedAt)}>
				{formatAgo(run.startedAt)}
			</span>
			<span className="cut quiet result">{result}</span>
		</Link>
	);
}

/* A name, and for a new workflow what it is for. */
function NameDialog({ workflow, onClose, onSaved }: { workflow: Workflow | null; onClose: () => void; onSaved: (saved: Workflow) => void }) {
	const [error, setError] = useState<unknown>(null);
	const [busy, setBusy] = useState(false);
	const fields = error instanceof ApiError ? error.fields : {};

	async function submit(event: FormEvent<HTMLFormElement>) {
		event.preventDefault();
		const form = new FormData(event.currentTarget);
		const description = String(form.get('description')).trim();
		const body = { name: form.get('name'), ...(workflow ? { description: description || null } : description && { description }) };
		setBusy(true);
		try {
			onSaved(workflow ? await put<Workflow>(`${LIST}/${workflow.id}`, body) : await post<Workflow>(LIST, body));
		} catch (failed) {
			setError(failed);
			setBusy(false);
		}
	}

	return (
		<Dialog
			title={workflow ? 'Rename workflow' : 'New workflow'}
			onClose={onClose}
			actions={
				<>
					<Button onClick={onClose}>Cancel</Button>
					<Button kind="primary" type="submit" form="workflow-name" busy={busy}>
						{workflow ? 'Save' : 'Create'}
					</Button>
				</>
			}
		>
			<form id="workflow-name" className="stack" onSubmit={(event) => void submit(event)} noValidate>
				{error !== null && Object.keys(fields).length === 0 && <Notice kind="bad">{messageOf(error)}</Notice>}
				<TextField label="Name" name="name" defaultValue={workflow?.name} maxLength={200} autoFocus error={fields.name} />
				<TextArea label="Description" name="description" defaultValue={workflow?.description ?? ''} maxLength={2000} optional rows={3} error={fields.description} />
			</form>
		</Dialog>
	);
}

function Row({ workflow, onRename, onDuplicate, onDelete }: { workflow: Workflow; onRename: () => void; onDuplicate: () => void; onDelete: () => void }) {
	const status = STATUS[workflow.status];
	return (
		<li className="workflow-row">
			<div className="workflow-name">
				<Link href={`/workflows/${workflow.id}`}>{workflow.name}</Link>
				{workflow.description && (
					<p className="fine cut" title={workflow.description}>
						{workflow.description}
					</p>
				)}
			</div>
			<div className="workflow-status">
				<Badge kind={status.kind}>{status.label}</Badge>
			</div>
			<div className="workflow-run">
				<LastRun workflow={workflow} />
			</div>
			<span className="workflow-changed fine" title={formatDate(workflow.updatedAt)}>
				Changed {formatAgo(workflow.updatedAt)}
			</span>
			<Menu
				label={`Actions for ${workflow.name}`}
				items={[
					{ label: 'Open', icon: 'workflow', run: () => void navigate(`/workflows/${workflow.id}`) },
					{ label: 'Rename', icon: 'edit', run: onRename },
					{ label: 'Duplicate', icon: 'copy', run: onDuplicate },
					{ label: 'Delete', icon: 'trash', danger: true, run: onDelete },
				]}
			/>
		</li>
	);
}

export default function WorkflowList() {
	const { data, error, reload, setData } = useResource<Workflow[]>(LIST);
	const [query, setQuery] = useState('');
	const [naming, setNaming] = useState<{ workflow: Workflow | null } | null>(null);
	const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
	const running = data?.some(({ lastRunLog }) => lastRunLog?.status === 'running');

	useEffect(() => {
		if (!running) return;
		const timer = setInterval(() => document.hidden || void reload(), POLL_MS);
		return () => clearInterval(timer);
	}, [running, reload]);

	const shown = useMemo(() => {
		const words = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
		return (data ?? []).filter(({ id, name, description }) => {
			const text = `${name} ${description ?? ''}`.toLocaleLowerCase();
			return !hidden.has(id) && words.every((word) => text.includes(word));
		});
	}, [data, query, hidden]);

	async function startExample() {
		try {
			await navigate(`/workflows/${(await createExample()).id}`);
		} catch (failed) {
			toastError(failed);
		}
	}

	async function duplicate(workflow: Workflow) {
		try {
			const copy = await post<Workflow>(`${LIST}/${workflow.id}/duplicate`);
			setData((all) => [copy, ...all]);
			toast(`“${copy.name}” made`);
		} catch (failed) {
			toastError(failed);
		}
	}

	function remove({ id, name }: Workflow) {
		const change = (hide: boolean) =>
			setHidden((old) => {
				const next = new Set(old);
				if (hide) next.add(id);
				else next.delete(id);
				return next;
			});
		undoable(`“${name}” and its runs deleted`, {
			hide: () => change(true),
			restore: () => change(false),
			commit: async (keepalive) => {
				await del(`${LIST}/${id}`, { keepalive }).catch((failed: unknown) => {
					if (!(failed instanceof ApiError && failed.status === 404)) throw failed;
				});
				setData((all) => all.filter((workflow) => workflow.id !== id));
			},
		});
	}

	function saved(workflow: Workflow, isNew: boolean) {
		setNaming(null);
		if (isNew) void navigate(`/workflows/${workflow.id}`);
		else setData((all) => all.map((old) => (old.id === workflow.id ? workflow : old)));
	}

	const isEmpty = data !== null && data.every(({ id }) => hidden.has(id));
	const example = (
		<Button icon="workflow" onClick={startExample}>
			Start from the example
		</Button>
	);
	const create = (
		<Button kind="primary" icon="plus" onClick={() => setNaming({ workflow: null })}>
			New workflow
		</Button>
	);
	return (
		<>
			<header className="page-head">
				<h1>Workflows</h1>
				{!isEmpty && data && (
					<div className="row">
						{example}
						{create}
					</div>
				)}
			</header>
			{error && !data ? (
				<Failure error={error} retry={reload} what="your workflows" />
			) : !data ? (
				<Loading what="your workflows" />
			) : isEmpty ? (
				<Empty
					icon="workflow"
					title="No workflows yet"
					actions={
						<>
							<Button kind="primary" icon="workflow" onClick={startExample}>
								Start from the example
							</Button>
							<Button icon="plus" onClick={() => setNaming({ workflow: null })}>
								New workflow
							</Button>
						</>
					}
				>
					A workflow turns a text into a voiceover, step by step. The example writes a script and speaks it in your voice.
				</Empty>
			) : (
				<>
					<div className="search">
						<Icon name="search" />
						<input type="search" aria-label="Search workflows" placeholder="Search" value={query} onChange={(event) => setQuery(event.target.value)} />
					</div>
					{shown.length === 0 ? (
						<Empty icon="search" title="Nothing found" actions={<Button onClick={() => setQuery('')}>Show all workflows</Button>}>
							No workflow has “{query}” in its name or description.
						</Empty>
					) : (
						<ul className="workflow-list plain-list">
							{shown.map((workflow) => (
								<Row key={workflow.id} workflow={workflow} onRename={() => setNaming({ workflow })} onDuplicate={() => void duplicate(workflow)} onDelete={() => remove(workflow)} />
							))}
						</ul>
					)}
				</>
			)}
			{naming && <NameDialog workflow={naming.workflow} onClose={() => setNaming(null)} onSaved={(workflow) => saved(workflow, naming.workflow === null)} />}
		</>
	);
}
