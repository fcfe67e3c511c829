/* The editor: palette, canvas, inspector, and the run panel below. */
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { flushSync } from 'react-dom';
import { ApiError, messageOf, post, postOnce } from '../api';
import { useReactFlow } from '@xyflow/react';
import { navigate, useGuard } from '../router';
import { RunPanel } from '../runs/panel';
import { HistoryDialog } from '../runs/history';
import { TestDialog } from '../runs/test-dialog';
import { RunWatcher } from '../runs/watcher';
import { useTitle } from '../shell';
import { Button } from '../ui/button';
import { confirm } from '../ui/dialog';
import { Notice } from '../ui/states';
import { toast, toastError } from '../ui/toast';
import { useResource } from '../use-resource';
import type { Execution, NodeType, StepLog, VoiceProfile, Workflow } from '../workflows/types';
import { Canvas } from './canvas';
import { ConflictDialog } from './conflict';
import { ConnectDialog } from './connect-dialog';
import { EditorContext, useRun, type Editor } from './context';
import { GraphDocument, nodesOf, titleOf, useDocument } from './document';
import { Inspector } from './inspector';
import { KeysDialog, useKeys, type Command } from './keys';
import { graphOf } from './layout';
import { fromText } from './nodes';
import { Palette } from './palette';
import { Saver } from './saving';
import { Toolbar } from './toolbar';
import { useCommands } from './use-commands';

interface Test {
	nodeId: string;
	step: StepLog | null;
	error: unknown;
}

function saveFile(name: string, text: string) {
	const link = document.createElement('a');
	link.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
	link.download = name;
	link.click();
	setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/* The document and everything that lives as long as it; ends with the page. */
function useParts(workflow: Workflow, etag: string | null) {
	const [parts] = useState(() => {
		const graph = new GraphDocument(graphOf(workflow));
		return { document: graph, saver: new Saver(graph, workflow, etag), runs: new RunWatcher(workflow.id) };
	});
	return parts;
}

export function EditorView({ workflow: loaded, etag, types: typeList, runId }: { workflow: Workflow; etag: string | null; types: NodeType[]; runId: string | null }) {
	const { document: graph, saver, runs } = useParts(loaded, etag);
	const [workflow, setWorkflow] = useState(loaded);
	const types = useMemo(() => new Map(typeList.map((type) => [type.type, type])), [typeList]);
	const profiles = useResource<VoiceProfile[]>('/api/voice-profiles');
	const commands = useCommands(graph, types);
	const [adding, setAdding] = useState(false);
	const [opened, setOpened] = useState(0);
	const [connecting, setConnecting] = useState<string | null>(null);
	const [dialog, setDialog] = useState<'keys' | 'history' | null>(null);
	const [test, setTest] = useState<Test | null>(null);
	const [refused, setRefused] = useState<ApiError | null>(null);
	const search = useRef<HTMLInputElement>(null);
	const file = useRef<HTMLInputElement>(null);
	const name = useDocument(graph, (state) => state.name);
	const isEmpty = useDocument(graph, (state) => state.nodes.length === 0);
	const run = useRun(runs);
	useInView(graph);
	const conflict = useSyncExternalStore(saver.subscribe, () => saver.saving.conflict);
	const base = `/workflows/${workflow.id}`;
	useTitle(name);

	useEffect(() => {
		saver.start();
		runs.start();
		return () => {
			saver.end();
			runs.end();
		};
	}, [saver, runs]);
	useEffect(() => {
		if (runId !== (runs.execution?.id ?? null)) runs.show(runId);
	}, [runs, runId]);

	/* Somebody else's change is shown when one comes back to this tab with nothing unsaved. */
	useEffect(() => {
		saver.onSaved = setWorkflow;
		const look = () => {
			if (document.hidden) return;
			saver.refresh().then((changed) => changed && toast('Updated: this workflow was changed elsewhere')).catch(() => {});
		};
		const leave = (event: BeforeUnloadEvent) => {
			if (!saver.isDirty) return;
			void saver.flush({ keepalive: true });
			event.preventDefault();
		};
		document.addEventListener('visibilitychange', look);
		addEventListener('online', look);
		addEventListener('beforeunload', leave);
		return () => {
			document.removeEventListener('visibilitychange', look);
			removeEventListener('online', look);
			removeEventListener('beforeunload', leave);
		};
	}, [saver]);
	useGuard(
		useCallback(async () => {
			if (await saver.flush()) return true;
			if (saver.saving.conflict) return false;
			return confirm({ title: 'Leave without saving?', text: `The latest changes could not be saved. ${saver.saving.error?.message ?? ''}`, confirm: 'Leave anyway', danger: true });
		}, [saver]),
	);

	useEffect(() => {
		runs.onEnd = ({ status, logs, error }) => {
			if (status === 'COMPLETED') toast('The run is complete');
			else if (status === 'CANCELLED') toast('The run was cancelled');
			else toast(error ?? `The run failed: ${logs.find((step) => step.status === 'error')?.error ?? 'see its steps'}`, { kind: 'error', lasts: 8000 });
		};
	}, [runs]);

	/* Everything saved, or the user knows why not. */
	async function ready(): Promise<boolean> {
		if (await saver.flush()) return true;
		if (!saver.saving.conflict) toast(`The workflow could not be saved, so it was not run. ${saver.saving.error?.message ?? ''}`, { kind: 'error' });
		return false;
	}

	function shown(execution: Execution) {
		runs.show(execution);
		void navigate(`${base}/runs/${execution.id}`, { replace: runId !== null });
	}

	/* The steps that the API names as its reason are selected. */
	function notStarted(error: unknown) {
		if (!(error instanceof ApiError) || error.status !== 400) return toastError(error);
		setRefused(error);
		const named = Object.keys(error.fields).map((path) => path.replace(/^nodes\./, ''));
		const ids = named.filter((id) => graph.node(id));
		if (ids.length > 0) graph.select(ids);
	}

	async function start() {
		setRefused(null);
		if (!(await ready())) return;
		try {
			shown(await post<Execution>(`/api/workflows/${workflow.id}/execute`));
		} catch (error) {
			notStarted(error);
		}
	}

	async function rerun(body: { from?: 'start' | { nodeId: string }; version?: 'original' | 'current' }) {
		if (!run || (body.version === 'current' && !(await ready()))) return;
		try {
			shown(await post<Execution>(`/api/workflows/${workflow.id}/rerun`, { executionId: run.id, ...body }));
		} catch (error) {
			notStarted(error);
		}
	}

	async function cancel() {
		if (!run) return;
		try {
			await postOnce(`/api/workflows/${workflow.id}/executions/${run.id}/cancel`);
			runs.poll();
		} catch (error) {
			toastError(error);
		}
	}

	async function testStep(nodeId: string) {
		if (!(await ready())) return;
		setTest({ nodeId, step: null, error: null });
		const prior = runs.execution?.id ?? workflow.lastRunLog?.id;
		try {
			const { stepLog } = await postOnce<{ stepLog: StepLog }>(`/api/workflows/${workflow.id}/execute-node`, { nodeId, ...(prior && { priorExecutionId: prior }) });
			setTest((old) => old && { ...old, step: stepLog });
		} catch (error) {
			setTest((old) => old && { ...old, error });
		}
	}

	async function duplicateWorkflow() {
		if (!(await ready())) return;
		try {
			await navigate(`/workflows/${(await post<Workflow>(`/api/workflows/${workflow.id}/duplicate`)).id}`);
		} catch (error) {
			toastError(error);
		}
	}

	function exportJson() {
		const { nodes, edges, name: title } = graph.graph;
		saveFile(`${title.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '') || 'workflow'}.json`, `${JSON.stringify({ name: title, description: workflow.description, nodes, edges }, null, '\t')}\n`);
	}

	async function importJson(chosen: File | undefined) {
		if (!chosen) return;
		const found = fromText(await chosen.text());
		if (!found) return toast(`“${chosen.name}” holds no workflow: it has to be JSON with a list of nodes.`, { kind: 'error' });
		if (!isEmpty && !(await confirm({ title: 'Replace this workflow?', text: `Its steps are replaced by the ${found.nodes.length} of “${chosen.name}”. Undo brings them back.`, confirm: 'Replace' }))) return;
		const { nodes, edges } = graphOf({ ...graph.graph, nodes: found.nodes, edges: found.edges });
		graph.change({ nodes, edges, ...(found.name && isEmpty && { name: found.name }) });
		setTimeout(commands.fit, 50);
	}

	function findStep() {
		/* At once: what is typed next belongs into the search. */
		flushSync(() => setAdding(true));
		search.current?.focus();
	}

	const single = () => (graph.state.selectedNodes.size === 1 ? [...graph.state.selectedNodes][0]! : null);
	const keys: Command[] = [
		{ keys: ['/', 'mod+k'], shown: '/', label: 'Find a step to add; Enter adds it and connects it with the selected one', run: findStep },
		{ keys: ['c'], shown: 'C', label: 'Connect the selected step', run: () => single() && setConnecting(single()) },
		{ keys: ['mod+z'], shown: 'Ctrl Z', label: 'Undo', run: () => graph.undo() },
		{ keys: ['mod+shift+z', 'mod+y'], shown: 'Ctrl Shift Z', label: 'Redo', run: () => graph.redo() },
		{ keys: ['mod+s'], shown: 'Ctrl S', label: 'Save now', always: true, run: () => void saver.flush() },
		{ keys: ['mod+d'], shown: 'Ctrl D', label: 'Duplicate the selection', run: () => commands.duplicate() },
		{ keys: ['mod+a'], shown: 'Ctrl A', label: 'Select all', run: () => commands.selectAll() },
		{ keys: ['Delete', 'Backspace'], shown: 'Del', label: 'Delete the selection', run: () => commands.remove() },
		{ keys: ['Escape'], shown: 'Esc', label: 'Clear the selection', always: true, run: () => leaveField() },
		{ keys: ['f'], shown: 'F', label: 'See the whole workflow', run: () => commands.fit() },
		{ keys: ['l'], shown: 'L', label: 'Arrange the steps', run: () => commands.arrange() },
		{ keys: ['t'], shown: 'T', label: 'Test the selected step', run: () => void (single() && testStep(single()!)) },
		{ keys: ['mod+Enter'], shown: 'Ctrl Enter', label: 'Run', always: true, run: () => void (run?.status === 'RUNNING' || start()) },
		{ keys: ['?'], shown: '?', label: 'This list', run: () => setDialog('keys') },
	];
	useKeys(keys);

	/* From a field back to its step, from there to nothing selected. */
	function leaveField() {
		const active = document.activeElement as HTMLElement | null;
		const id = single();
		if (active?.closest('.inspector, .palette') && id) {
			document.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(id)}"]`)?.focus();
			return setAdding(false);
		}
		if (adding) return setAdding(false);
		graph.select([]);
	}

	const editor = useMemo(
		(): Editor => ({
			workflowId: workflow.id,
			document: graph,
			saver,
			types,
			typeList,
			profiles,
			runs,
			addStep: (type, place) => (commands.addStep(type, place), setAdding(false)),
			connectFrom: setConnecting,
			testStep: (id) => void latest.current.testStep(id),
			rerunFrom: (nodeId) => void latest.current.rerun({ from: { nodeId } }),
		}),
		[workflow.id, graph, saver, types, typeList, profiles, runs, commands],
	);
	const latest = useRef({ testStep, rerun });
	latest.current = { testStep, rerun };

	return (
		<EditorContext value={editor}>
			<div className="editor">
				<Toolbar
					workflow={workflow}
					onWorkflow={setWorkflow}
					onRun={start}
					onStop={cancel}
					onAdd={() => (adding ? setAdding(false) : findStep())}
					adding={adding}
					onLayout={commands.arrange}
					onHistory={() => setDialog('history')}
					onImport={() => file.current?.click()}
					onExport={exportJson}
					onDuplicate={() => void duplicateWorkflow()}
					onKeys={() => setDialog('keys')}
				/>
				<div className="editor-body" data-adding={adding || undefined}>
					<Palette types={typeList} onAdd={editor.addStep} searchRef={search} />
					<div className="editor-middle">
						{refused && (
							<div className="editor-notice">
								<Notice kind="bad" title="This workflow cannot run yet" actions={<Button kind="quiet" size="small" icon="close" iconOnly onClick={() => setRefused(null)}>Dismiss</Button>}>
									<Reasons error={refused} graph={graph} />
								</Notice>
							</div>
						)}
						<div
							className="canvas-box"
							/* Before React Flow selects the step: the first Enter selects, the second opens. */
							onKeyDownCapture={(event) => {
								const node = (event.target as HTMLElement).closest<HTMLElement>('.react-flow__node');
								if (event.key === 'Enter' && node && graph.state.selectedNodes.has(node.dataset.id ?? '')) {
									event.stopPropagation();
									event.preventDefault();
									setOpened((count) => count + 1);
								}
							}}
						>
							<Canvas onOpen={() => setOpened((count) => count + 1)} />
							{isEmpty && (
								<div className="canvas-empty">
									<p>
										<strong>Nothing here yet.</strong> Add a step from the list: most workflows begin with Manual Trigger.
									</p>
									<Button kind="primary" icon="plus" onClick={findStep}>
										Add the first step
									</Button>
								</div>
							)}
						</div>
						{runId && <RunPanel onRerun={rerun} onCancel={cancel} onRun={start} onHistory={() => setDialog('history')} onClose={() => void navigate(base)} onShow={shown} />}
					</div>
					<Inspector focused={opened} />
				</div>
				<input ref={file} type="file" accept="application/json,.json" hidden onChange={(event) => (void importJson(event.target.files?.[0]), (event.target.value = ''))} />
				{conflict && <ConflictDialog conflict={conflict} document={graph} saver={saver} />}
				{connecting && graph.node(connecting) && <ConnectDialog nodeId={connecting} onClose={() => setConnecting(null)} />}
				{dialog === 'keys' && <KeysDialog commands={keys} onClose={() => setDialog(null)} />}
				{dialog === 'history' && <HistoryDialog workflowId={workflow.id} current={run?.id ?? null} onClose={() => setDialog(null)} onOpen={(id) => (setDialog(null), void navigate(`${base}/runs/${id}`))} />}
				{test && <TestDialog title={titleOf(graph.node(test.nodeId) ?? { id: test.nodeId })} step={test.step} error={test.error} onClose={() => setTest(null)} />}
			</div>
		</EditorContext>
	);
}

/* Opening the settings takes room from the canvas: what is selected must not be left under them. */
function useInView(graph: GraphDocument) {
	const flow = useReactFlow();
	const only = useDocument(graph, ({ selectedNodes }) => (selectedNodes.size === 1 ? [...selectedNodes][0]! : null));
	useEffect(() => {
		if (!only) return;
		const timer = setTimeout(() => {
			const box = document.querySelector('.canvas-box')?.getBoundingClientRect();
			const step = document.querySelector(`.react-flow__node[data-id="${CSS.escape(only)}"]`)?.getBoundingClientRect();
			const sheet = document.querySelector('.inspector')?.getBoundingClientRect();
			if (!box || !step || step.width === 0) return;
			const bottom = sheet && sheet.left < box.right - 1 && sheet.top > box.top ? sheet.top : box.bottom;
			const [x, y] = [overshoot(step.left, step.right, box.left, box.right), overshoot(step.top, step.bottom, box.top, bottom)];
			const view = flow.getViewport();
			if (x !== 0 || y !== 0) void flow.setViewport({ ...view, x: view.x - x, y: view.y - y });
		}, 60);
		return () => clearTimeout(timer);
	}, [only, flow]);
}

const MARGIN = 16;

/* How far a span reaches out of its frame: positive at the end, negative at the beginning. */
function overshoot(from: number, to: number, start: number, end: number): number {
	if (to > end - MARGIN) return to - (end - MARGIN);
	return from < start + MARGIN ? from - (start + MARGIN) : 0;
}

/* Each fault by the step that has it. */
function Reasons({ error, graph }: { error: ApiError; graph: GraphDocument }) {
	const faults = Object.entries(error.fields);
	if (faults.length === 0) return <p>{messageOf(error)}</p>;
	const known = new Set(nodesOf(graph.graph).map(({ id }) => id));
	return (
		<ul className="plain-list">
			{faults.map(([path, message]) => {
				const id = path.replace(/^nodes\./, '');
				return (
					<li key={path}>
						{known.has(id) ? (
							<button type="button" className="link" onClick={() => graph.select([id])}>
								{message}
							</button>
						) : (
							message
						)}
					</li>
				);
			})}
		</ul>
	);
}
