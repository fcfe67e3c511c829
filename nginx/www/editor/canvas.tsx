/* The drawing: React Flow over the document. What React Flow measures and selects is kept beside the wire nodes, never in them. */
import { useCallback, useMemo, useRef, useState, type DragEvent } from 'react';
import {
	Background,
	BackgroundVariant,
	Controls,
	MarkerType,
	MiniMap,
	ReactFlow,
	SelectionMode,
	useReactFlow,
	type Connection,
	type Edge,
	type EdgeChange,
	type FinalConnectionState,
	type FitViewOptions,
	type NodeChange,
} from '@xyflow/react';
import { toast } from '../ui/toast';
import type { WireEdge, WireNode } from '../workflows/types';
import { makeEdge, portsOf, refusal, faultsOf, type Types } from './connect';
import { useEditor } from './context';
import { DRAG, edgeId, edgesOf, isDisabled, nodesOf, positionOf, titleOf, typeOf, useDocument, type State } from './document';
import { Step, type StepNode } from './step';

export const DRAG_TYPE = 'application/x-voiceover-step';
const NODE_TYPES = { step: Step };
const FIT = { maxZoom: 1, padding: 0.15 };
const EDGE_OPTIONS = { markerEnd: { type: MarkerType.ArrowClosed, width: 16, height: 16 }, interactionWidth: 24 };
const SNAP: [number, number] = [8, 8];

/* What is seen at first: all of it, but on a phone, where a chain of steps would be too small to read, its beginning. */
function firstSight(state: State): FitViewOptions {
	const nodes = nodesOf(state);
	if (nodes.length < 3 || !matchMedia('(max-width: 40rem)').matches) return FIT;
	const { id } = nodes.reduce((first, node) => (positionOf(node).x < positionOf(first).x ? node : first));
	return { nodes: [{ id }], maxZoom: 0.8 };
}

interface View {
	wire: WireNode;
	selected: boolean;
	measured: { width: number; height: number } | undefined;
	node: StepNode;
}

function describe(wire: WireNode, types: Types): string {
	const type = types.get(typeOf(wire))?.title;
	const faults = faultsOf(wire, types);
	return [titleOf(wire), type !== titleOf(wire) && type, isDisabled(wire) && 'switched off', ...faults].filter(Boolean).join(', ');
}

/* The nodes as React Flow wants them; one that did not change is the same object. */
function useNodes(state: State, types: Types) {
	const views = useRef(new Map<string, View>());
	const measured = useRef(new Map<string, { width: number; height: number }>());
	const nodes = useMemo(() => {
		const next = new Map<string, View>();
		for (const wire of nodesOf(state)) {
			const selected = state.selectedNodes.has(wire.id);
			const size = measured.current.get(wire.id);
			const old = views.current.get(wire.id);
			if (old && old.wire === wire && old.selected === selected && old.measured === size) {
				next.set(wire.id, old);
				continue;
			}
			const node: StepNode = { id: wire.id, type: 'step', position: positionOf(wire), data: { wire }, selected, ariaLabel: describe(wire, types), ...(size && { measured: size }) };
			next.set(wire.id, { wire, selected, measured: size, node });
		}
		views.current = next;
		return [...next.values()].map(({ node }) => node);
	}, [state, types]);
	return { nodes, measured: measured.current };
}

function portId(wanted: string | null | undefined, ports: { id: string }[]): string | null {
	return (ports.find(({ id }) => id === wanted) ?? ports[0])?.id ?? null;
}

function useEdges(state: State, types: Types) {
	const { nodes, edges, selectedEdges, name } = state;
	return useMemo(() => {
		const byId = new Map(nodesOf({ nodes, edges, name }).map((node) => [node.id, node]));
		return edgesOf({ nodes, edges, name }).flatMap((wire): Edge[] => {
			const from = byId.get(wire.source)!;
			const to = byId.get(wire.target)!;
			const sourceHandle = portId(wire.sourceHandle, portsOf(from, types).outputs);
			const targetHandle = portId(wire.targetHandle, portsOf(to, types).inputs);
			if (!sourceHandle || !targetHandle) return [];
			const id = edgeId(wire);
			const label = `Connection from ${titleOf(from)} to ${titleOf(to)}`;
			return [{ id, source: wire.source, target: wire.target, sourceHandle, targetHandle, selected: selectedEdges.has(id), ariaLabel: label }];
		});
	}, [nodes, edges, selectedEdges, name, types]);
}

export function Canvas({ onOpen }: { onOpen: () => void }) {
	const { document, types, addStep, typeList } = useEditor();
	const state = useDocument(document, (all) => all);
	const { nodes, measured } = useNodes(state, types);
	const edges = useEdges(state, types);
	const flow = useReactFlow();

	const onNodesChange = useCallback(
		(changes: NodeChange<StepNode>[]) => {
			const places = new Map<string, { x: number; y: number }>();
			let dragging = false;
			let selected: Set<string> | null = null;
			let sized = false;
			for (const change of changes) {
				if (change.type === 'position' && change.position) {
					places.set(change.id, change.position);
					dragging ||= change.dragging === true;
				} else if (change.type === 'dimensions' && change.dimensions) {
					measured.set(change.id, change.dimensions);
					sized = true;
				} else if (change.type === 'select') {
					selected ??= new Set(document.state.selectedNodes);
					if (change.selected) selected.add(change.id);
					else selected.delete(change.id);
				}
			}
			const moved = [...places].some(([id, { x, y }]) => {
				const node = document.node(id);
				return node && (positionOf(node).x !== x || positionOf(node).y !== y);
			});
			if (moved) document.move(places, dragging ? DRAG : 'arrows');
			if (selected || sized) document.select(selected ?? document.state.selectedNodes, document.state.selectedEdges);
		},
		[document, measured],
	);

	const onEdgesChange = useCallback(
		(changes: EdgeChange[]) => {
			const selected = new Set(document.state.selectedEdges);
			for (const change of changes) {
				if (change.type !== 'select') continue;
				if (change.selected) selected.add(change.id);
				else selected.delete(change.id);
			}
			document.select(document.state.selectedNodes, selected);
		},
		[document],
	);

	const onConnect = useCallback((wish: Connection) => document.connect(makeEdge(document.graph, wish)), [document]);
	const isValid = useCallback((wish: Connection | Edge) => refusal(document.graph, types, wish) === null, [document, types]);

	/* A line that was let go over a port that does not take it: say why. */
	const onConnectEnd = useCallback(
		(_event: unknown, { isValid: valid, fromNode, fromHandle, toNode, toHandle }: FinalConnectionState) => {
			if (valid || !fromNode || !toNode || !toHandle) return;
			const ends: WireEdge =
				fromHandle?.type === 'target'
					? { source: toNode.id, target: fromNode.id, sourceHandle: toHandle.id ?? null, targetHandle: fromHandle.id ?? null }
					: { source: fromNode.id, target: toNode.id, sourceHandle: fromHandle?.id ?? null, targetHandle: toHandle.id ?? null };
			const reason = fromHandle?.type === toHandle.type ? 'Connect an output (right) with an input (left).' : refusal(document.graph, types, ends);
			if (reason) toast(reason, { kind: 'error', lasts: 6000 });
		},
		[document, types],
	);

	/* An empty canvas stays where it is: what is dropped there first is not to jump into the middle. */
	const [opening] = useState(() => (document.state.nodes.length > 0 ? firstSight(document.state) : null));

	function onDrop(event: DragEvent) {
		const type = typeList.find(({ type: name }) => name === event.dataTransfer.getData(DRAG_TYPE));
		if (!type) return;
		event.preventDefault();
		addStep(type, flow.screenToFlowPosition({ x: event.clientX - 110, y: event.clientY - 30 }));
	}

	return (
		<ReactFlow<StepNode>
			className="canvas"
			nodes={nodes}
			edges={edges}
			nodeTypes={NODE_TYPES}
			defaultEdgeOptions={EDGE_OPTIONS}
			onNodesChange={onNodesChange}
			onEdgesChange={onEdgesChange}
			onNodeDragStop={() => document.moved()}
			onSelectionDragStop={() => document.moved()}
			onNodeDoubleClick={onOpen}
			onConnect={onConnect}
			onConnectEnd={onConnectEnd}
			isValidConnection={isValid}
			onDrop={onDrop}
			onDragOver={(event) => event.dataTransfer.types.includes(DRAG_TYPE) && event.preventDefault()}
			deleteKeyCode={null}
			selectionMode={SelectionMode.Partial}
			multiSelectionKeyCode={['Meta', 'Control', 'Shift']}
			selectionKeyCode="Shift"
			snapToGrid
			snapGrid={SNAP}
			connectionRadius={32}
			minZoom={0.1}
			maxZoom={2}
			colorMode="system"
			fitView={opening !== null}
			fitViewOptions={opening ?? FIT}
			proOptions={{ hideAttribution: true }}
		>
			<Background variant={BackgroundVariant.Dots} gap={24} size={1.5} />
			<Controls showInteractive={false} fitViewOptions={FIT} position="bottom-left" />
			<MiniMap pannable zoomable position="bottom-right" ariaLabel="Overview of the workflow" nodeBorderRadius={12} />
		</ReactFlow>
	);
}
