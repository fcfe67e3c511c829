/* The line above the canvas: which workflow, whether it is saved, and what can be done with the whole of it. */
import { useRef, useState, useSyncExternalStore } from 'react';
import { put } from '../api';
import { Link } from '../router';
import { Button } from '../ui/button';
import { Icon } from '../ui/icon';
import { Menu } from '../ui/menu';
import { toast, toastError } from '../ui/toast';
import type { Workflow, WorkflowStatus } from '../workflows/types';
import { useEditor, useRun } from './context';
import { useDocument } from './document';
import type { Saver } from './saving';

function SaveState({ saver }: { saver: Saver }) {
	const { state, error } = useSyncExternalStore(saver.subscribe, () => saver.saving);
	const text = { saved: 'Saved', unsaved: 'Not saved yet', saving: 'Saving …', failed: 'Not saved' }[state];
	return (
		<span className={`save-state ${state}`} role="status" title={error?.message ?? 'Changes are saved by themselves'}>
			{state === 'saved' && <Icon name="check" />}
			{state === 'failed' && <Icon name="warning" />}
			<span>{text}</span>
			{state === 'failed' && (
				<Button size="small" onClick={() => saver.flush()}>
					Try again
				</Button>
			)}
		</span>
	);
}

function Name() {
	const { document } = useEditor();
	const name = useDocument(document, (state) => state.name);
	const [draft, setDraft] = useState<string | null>(null);
	const skip = useRef(false);
	function done() {
		const next = draft?.trim();
		setDraft(null);
		if (!skip.current && next && next !== name) document.rename(next);
		skip.current = false;
	}
	return (
		<input
			className="workflow-title"
			aria-label="Name of the workflow"
			value={draft ?? name}
			maxLength={200}
			size={Math.max(8, Math.min((draft ?? name).length + 1, 48))}
			title={name}
			onChange={(event) => setDraft(event.target.value)}
			onBlur={done}
			onKeyDown={(event) => {
				if (event.key === 'Escape') skip.current = true;
				if (event.key === 'Enter' || event.key === 'Escape') event.currentTarget.blur();
			}}
		/>
	);
}

/* Schedules and webhooks start a workflow only while it is active. */
function ActiveSwitch({ id, status, onChange }: { id: string; status: WorkflowStatus; onChange: (workflow: Workflow) => void }) {
	const { saver } = useEditor();
	const [busy, setBusy] = useState(false);
	const isActive = status === 'ACTIVE';
	async function toggle() {
		setBusy(true);
		try {
			await saver.flush();
			/* The version counts what is drawn; this changes it, and so the saver reads it anew. */
			onChange(await put<Workflow>(`/api/workflows/${id}`, { status: isActive ? 'DRAFT' : 'ACTIVE' }));
			await saver.refresh();
			toast(isActive ? 'Switched off: schedules and webhooks do not start it' : 'Active: its schedules and webhooks start it');
		} catch (error) {
			toastError(error);
		} finally {
			setBusy(false);
		}
	}
	return (
		<Button kind="quiet" size="small" role="switch" aria-checked={isActive} busy={busy} className="active-switch" onClick={() => void toggle()} title="While it is active, its schedules and webhooks start it">
			{isActive ? 'Active' : 'Inactive'}
		</Button>
	);
}

export interface ToolbarProps {
	workflow: Workflow;
	onWorkflow: (workflow: Workflow) => void;
	onRun: () => Promise<unknown>;
	onStop: () => Promise<unknown>;
	onAdd: () => void;
	adding: boolean;
	onLayout: () => void;
	onHistory: () => void;
	onImport: () => void;
	onExport: () => void;
	onDuplicate: () => void;
	onKeys: () => void;
}

export function Toolbar(props: ToolbarProps) {
	const { document, saver, runs } = useEditor();
	const { canUndo, canRedo } = useDocument(document, (state) => state);
	const running = useRun(runs)?.status === 'RUNNING';
	return (
		<header className="toolbar">
			<div className="toolbar-part grow">
				<Link href="/workflows" className="button quiet small icon-only" title="All workflows">
					<Icon name="left" />
					<span className="visually-hidden">All workflows</span>
				</Link>
				<h1 className="visually-hidden">Workflow editor</h1>
				<Name />
				<SaveState saver={saver} />
			</div>
			<div className="toolbar-part">
				<Button className="add-step" size="small" icon="plus" aria-expanded={props.adding} onClick={props.onAdd}>
					Add step
				</Button>
				<Button kind="quiet" size="small" icon="undo" iconOnly disabled={!canUndo} onClick={() => document.undo()}>
					Undo
				</Button>
				<Button kind="quiet" size="small" icon="redo" iconOnly disabled={!canRedo} onClick={() => document.redo()}>
					Redo
				</Button>
				<Button kind="quiet" size="small" icon="layout" iconOnly onClick={props.onLayout}>
					Arrange the steps
				</Button>
				<Button kind="quiet" size="small" icon="history" iconOnly onClick={props.onHistory}>
					Runs
				</Button>
				<Menu
					label="More"
					items={[
						{ label: 'Export as JSON', icon: 'download', run: props.onExport },
						{ label: 'Import JSON', icon: 'upload', run: props.onImport },
						{ label: 'Duplicate workflow', icon: 'copy', run: props.onDuplicate },
						{ label: 'Keyboard', icon: 'info', keys: '?', run: props.onKeys },
					]}
				/>
				<ActiveSwitch id={props.workflow.id} status={props.workflow.status} onChange={props.onWorkflow} />
				{running ? (
					<Button size="small" icon="stop" onClick={props.onStop}>
						Cancel run
					</Button>
				) : (
					<Button kind="primary" size="small" icon="play" onClick={props.onRun} title="Run (Ctrl+Enter)">
						Run
					</Button>
				)}
			</div>
		</header>
	);
}
