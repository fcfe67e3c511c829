/* What the parts of the editor share. */
import { createContext, useContext, useSyncExternalStore } from 'react';
import type { Resource } from '../use-resource';
import type { RunWatcher } from '../runs/watcher';
import type { Execution, NodeType, StepLog, VoiceProfile } from '../workflows/types';
import type { Types } from './connect';
import type { GraphDocument } from './document';
import type { Saver } from './saving';

export interface Editor {
	workflowId: string;
	document: GraphDocument;
	saver: Saver;
	types: Types;
	typeList: NodeType[];
	profiles: Resource<VoiceProfile[]>;
	runs: RunWatcher;
	/* Adds a step; without a place, beside the selected one and connected to it. */
	addStep: (type: NodeType, place?: { x: number; y: number }) => void;
	connectFrom: (nodeId: string) => void;
	testStep: (nodeId: string) => void;
	rerunFrom: (nodeId: string) => void;
}

export const EditorContext = createContext<Editor | null>(null);

export function useEditor(): Editor {
	const editor = useContext(EditorContext);
	if (!editor) throw new Error('outside of an editor');
	return editor;
}

/* The run that is shown, or null. */
export function useRun(runs: RunWatcher): Execution | null {
	return useSyncExternalStore(runs.subscribe, () => runs.execution);
}

/* A node's step in the run that is shown; of a loop's body, the latest round. */
export function useStep(runs: RunWatcher, nodeId: string): StepLog | undefined {
	return useSyncExternalStore(runs.subscribe, () => runs.stepOf(nodeId));
}
