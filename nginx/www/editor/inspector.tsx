/* The settings of the selected step, its connections, and what can be done with it. */
import { useEffect, useRef } from 'react';
import { Button } from '../ui/button';
import { TextArea, TextField } from '../ui/field';
import { Icon } from '../ui/icon';
import { Menu } from '../ui/menu';
import { Badge, Notice } from '../ui/states';
import { toast } from '../ui/toast';
import { useResource } from '../use-resource';
import type { Json, NodeField, WireNode } from '../workflows/types';
import { categoryOf } from './categories';
import { portsOf } from './connect';
import { useEditor } from './context';
import { configOf, edgeId, edgesOf, isDisabled, titleOf, typeOf, useDocument } from './document';
import { Setting } from './fields';
import { copies } from './nodes';

interface Hook {
	nodeId: string;
	path: string;
	method: string;
}

/* Where a webhook trigger is called. It exists once the workflow was saved with it. */
function HookAddress({ nodeId }: { nodeId: string }) {
	const { workflowId } = useEditor();
	const { data, error, reload } = useResource<Hook[]>(`/api/workflows/${workflowId}/hooks`);
	const hook = data?.find((entry) => entry.nodeId === nodeId);
	if (!hook) {
		return (
			<Notice actions={<Button size="small" onClick={reload}>Look again</Button>}>{error ? error.message : 'The address is there once the workflow is saved.'}</Notice>
		);
	}
	const url = new URL(hook.path, location.origin).href;
	const copy = async () => {
		await navigator.clipboard.writeText(url);
		toast('Address copied');
	};
	return (
		<div className="stack tight">
			<TextField label={`Address, called with ${hook.method}`} readOnly value={url} className="mono" onFocus={(event) => event.target.select()} help="Whoever knows it can start this workflow while it is active." />
			<Button size="small" icon="copy" onClick={copy}>
				Copy the address
			</Button>
		</div>
	);
}

function Connections({ node }: { node: WireNode }) {
	const { document, types, connectFrom } = useEditor();
	const state = useDocument(document, (all) => all);
	const edges = edgesOf(state).filter(({ source, target }) => source === node.id || target === node.id);
	const { outputs } = portsOf(node, types);
	const other = (id: string) => document.node(id);
	return (
		<section className="stack tight" aria-label="Connections">
			<h3>Connections</h3>
			{edges.length === 0 && <p className="fine">None yet.</p>}
			<ul className="plain-list connection-list">
				{edges.map((edge) => {
					const isOut = edge.source === node.id;
					const end = other(isOut ? edge.target : edge.source);
					const port = isOut ? edge.sourceHandle : edge.targetHandle;
					const label = (isOut ? outputs : portsOf(node, types).inputs).find(({ id }) => id === port)?.label;
					const name = end ? titleOf(end) : '';
					return (
						<li key={edgeId(edge)}>
							<Icon name={isOut ? 'chevron' : 'back'} />
							<button type="button" className="link cut grow" onClick={() => end && document.select([end.id])} title={`Go to ${name}`}>
								{isOut ? 'to' : 'from'} {name}
								{label && <span className="quiet"> · {label}</span>}
							</button>
							<Button kind="quiet" size="small" icon="close" iconOnly onClick={() => document.remove(new Set(), new Set([edgeId(edge)]))}>
								{`Remove the connection ${isOut ? 'to' : 'from'} ${name}`}
							</Button>
						</li>
					);
				})}
			</ul>
			{outputs.length > 0 && (
				<Button size="small" icon="link" onClick={() => connectFrom(node.id)}>
					Connect to …
				</Button>
			)}
		</section>
	);
}

/* Fields that only matter for one value of another one are shown only then. */
function isShown(field: NodeField, type: string, config: Record<string, Json>, fallback: (name: string) => Json | undefined): boolean {
	const value = (name: string) => config[name] ?? fallback(name);
	if (type === 'if-else') {
		const isCheck = value('conditionType') !== 'expression';
		if (field.name === 'condition') return !isCheck;
		if (['field', 'operator', 'compareValue'].includes(field.name)) return isCheck;
	}
	if (type === 'text-to-speech') {
		const isOpenAi = value('provider') !== 'elevenlabs';
		if (field.name === 'voice' || field.name === 'model' || field.name === 'speed') return isOpenAi;
		if (field.name === 'voiceId' || field.name === 'stability') return !isOpenAi;
	}
	return true;
}

function Settings({ node }: { node: WireNode }) {
	const { document, types } = useEditor();
	const type = types.get(typeOf(node));
	const config = configOf(node);
	if (!type) {
		return (
			<>
				<Notice kind="warn" title="This step is kept, but cannot run here">
					This server knows no step of the type “{typeOf(node)}”. Switch it off, or replace it.
				</Notice>
				<TextArea label="Settings" className="mono" rows={8} readOnly value={JSON.stringify(config, null, 2)} />
			</>
		);
	}
	const fallback = (name: string) => type.fields.find((field) => field.name === name)?.default;
	const fields = type.fields.filter((field) => isShown(field, type.type, config, fallback));
	const setting = (field: NodeField) => <Setting key={field.name} field={field} value={config[field.name]} onChange={(value) => document.configure(node.id, field.name, value)} />;
	const advanced = fields.filter(({ group }) => group === 'advanced');
	return (
		<>
			{fields.filter(({ group }) => group !== 'advanced').map(setting)}
			{type.type === 'webhook-trigger' && <HookAddress nodeId={node.id} />}
			{advanced.length > 0 && (
				<details className="fold">
					<summary>Time limit and tries</summary>
					<div className="stack">{advanced.map(setting)}</div>
				</details>
			)}
		</>
	);
}

function One({ node, focused }: { node: WireNode; focused: number }) {
	const { document, types, testStep } = useEditor();
	const type = types.get(typeOf(node));
	const box = useRef<HTMLDivElement>(null);
	useEffect(() => {
		if (focused) box.current?.querySelector<HTMLElement>('.inspector-body input, .inspector-body textarea, .inspector-body select')?.focus();
	}, [focused]);
	const off = isDisabled(node);
	const ids = new Set([node.id]);
	function duplicate() {
		const copy = copies([node], [], document.graph, { x: 32, y: 48 });
		document.add(copy.nodes, []);
	}
	return (
		<div ref={box} className="inspector-part">
			<header className="inspector-head" data-category={type?.category ?? 'other'}>
				<span className="step-icon">
					<Icon name={categoryOf(type?.category).icon} />
				</span>
				<h2 className="grow">{type?.title ?? typeOf(node)}</h2>
				<Menu
					label="More for this step"
					items={[
						{ label: 'Duplicate', icon: 'copy', keys: 'Ctrl D', run: duplicate },
						{ label: off ? 'Switch on' : 'Switch off', icon: off ? 'play' : 'pause', run: () => document.setDisabled(ids, !off) },
						{ label: 'Delete', icon: 'trash', danger: true, keys: 'Del', run: () => document.remove(ids, new Set()) },
					]}
				/>
				<Button kind="quiet" size="small" icon="close" iconOnly onClick={() => document.select([])}>
					Close the settings
				</Button>
			</header>
			<div className="inspector-body stack">
				{type && <p className="fine">{type.description}</p>}
				{off && <Notice kind="warn">Switched off: a run leaves it out, and what hangs on it alone.</Notice>}
				<TextField label="Name" value={titleOf(node)} maxLength={200} onChange={(event) => document.retitle(node.id, event.target.value)} />
				<Settings node={node} />
				<Connections node={node} />
				<p className="fine">
					Other steps refer to its output as <code>{`{{${node.id}.…}}`}</code>
				</p>
			</div>
			<footer className="inspector-foot">
				<Button icon="play" onClick={() => testStep(node.id)} disabled={!type || off} title="Runs this step alone, with the inputs of the latest run">
					Test this step
				</Button>
			</footer>
		</div>
	);
}

function Many({ ids }: { ids: ReadonlySet<string> }) {
	const { document } = useEditor();
	const nodes = [...ids].map((id) => document.node(id)).filter((node) => node !== undefined);
	const allOff = nodes.every(isDisabled);
	return (
		<div className="inspector-part">
			<header className="inspector-head">
				<h2 className="grow">{ids.size} steps selected</h2>
				<Button kind="quiet" size="small" icon="close" iconOnly onClick={() => document.select([])}>
					Clear the selection
				</Button>
			</header>
			<div className="inspector-body stack">
				<Button icon="copy" onClick={() => {
					const copy = copies(nodes, edgesOf(document.graph), document.graph, { x: 32, y: 48 });
					document.add(copy.nodes, copy.edges);
				}}>
					Duplicate
				</Button>
				<Button icon={allOff ? 'play' : 'pause'} onClick={() => document.setDisabled(ids, !allOff)}>
					{allOff ? 'Switch on' : 'Switch off'}
				</Button>
				<Button icon="trash" onClick={() => document.remove(ids, new Set())}>
					Delete
				</Button>
			</div>
		</div>
	);
}

function OneEdge({ id }: { id: string }) {
	const { document } = useEditor();
	const edge = edgesOf(document.graph).find((wire) => edgeId(wire) === id);
	if (!edge) return null;
	const name = (node: string) => titleOf(document.node(node)!);
	return (
		<div className="inspector-part">
			<header className="inspector-head">
				<h2 className="grow">Connection</h2>
				<Button kind="quiet" size="small" icon="close" iconOnly onClick={() => document.select([])}>
					Close
				</Button>
			</header>
			<div className="inspector-body stack">
				<p>
					From <strong>{name(edge.source)}</strong> to <strong>{name(edge.target)}</strong>
					{edge.sourceHandle && (edge.sourceHandle === 'true' || edge.sourceHandle === 'false') && <> <Badge>if {edge.sourceHandle}</Badge></>}
				</p>
				<Button icon="trash" onClick={() => document.remove(new Set(), new Set([id]))}>
					Delete the connection
				</Button>
			</div>
		</div>
	);
}

/* `focused`: a count; when it grows, the first setting gets the focus. */
export function Inspector({ focused }: { focused: number }) {
	const { document } = useEditor();
	const { selectedNodes, selectedEdges } = useDocument(document, (state) => state);
	const only = selectedNodes.size === 1 ? document.node([...selectedNodes][0]!) : undefined;
	const edge = selectedNodes.size === 0 && selectedEdges.size === 1 ? [...selectedEdges][0]! : null;
	if (!only && selectedNodes.size < 2 && !edge) return null;
	return (
		<aside className="inspector" aria-label="Settings of the selection">
			{only ? <One key={only.id} node={only} focused={focused} /> : edge ? <OneEdge id={edge} /> : <Many ids={selectedNodes} />}
		</aside>
	);
}
