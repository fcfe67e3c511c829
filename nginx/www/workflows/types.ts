/* Workflows, node types and runs as they are on the wire. What is not named here is kept and sent back as it came. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Config = Record<string, Json>;

export interface Port {
	id: string;
	label: string;
}

export interface Definition {
	type: string;
	title: string;
	category: string;
	inputs: Port[];
	outputs: Port[];
}

/* As the editor stores a node. Members may be missing or odd where something else wrote it. */
export interface WireNode {
	id: string;
	type?: string;
	position?: { x: number; y: number };
	data?: { definition?: Partial<Definition>; config?: Config; status?: string };
}

export interface WireEdge {
	id?: string;
	source: string;
	target: string;
	sourceHandle?: string | null;
	targetHandle?: string | null;
}

export type RunStatus = 'running' | 'success' | 'error';

export interface RunLog {
	id: string;
	workflowId: string;
	status: RunStatus;
	startedAt: string;
	completedAt: string | null;
	steps: { nodeId: string; nodeTitle: string; status: StepStatus; error: string | null; output: Json }[];
}

export type WorkflowStatus = 'DRAFT' | 'ACTIVE' | 'ARCHIVED';

export interface Workflow {
	id: string;
	name: string;
	description: string | null;
	status: WorkflowStatus;
	nodes: unknown[];
	edges: unknown[];
	lastRunLog: RunLog | null;
	lastCompletedRunLog: RunLog | null;
	createdAt: string;
	updatedAt: string;
}

export type FieldKind = 'text' | 'longText' | 'number' | 'boolean' | 'select' | 'json' | 'voiceProfile';

export interface NodeField {
	name: string;
	label: string;
	type: FieldKind;
	help?: string;
	required: boolean;
	default?: Json;
	options?: string[];
	min?: number;
	max?: number;
	group: 'settings' | 'advanced';
}

export interface NodeType {
	type: string;
	category: string;
	title: string;
	description: string;
	inputs: Port[];
	outputs: Port[];
	fields: NodeField[];
}

export type StepStatus = 'idle' | 'running' | 'success' | 'error';

export interface StepLog {
	nodeId: string;
	nodeType: string;
	nodeTitle: string;
	iteration?: number;
	status: StepStatus;
	startedAt?: string | null;
	completedAt?: string | null;
	durationMs?: number;
	attempts?: number;
	input?: Json;
	output?: Json;
	error?: string | null;
	errorStack?: string | null;
	cost?: Record<string, Json>;
	notes?: string[];
	reusedFrom?: string;
	progress?: { done: number; total: number; unit: string };
}

export type ExecutionStatus = 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED';

export interface Execution {
	id: string;
	workflowId: string;
	status: ExecutionStatus;
	logs: StepLog[];
	startedAt: string;
	completedAt: string | null;
	error: string | null;
	rerunOf?: string | null;
	changes?: unknown;
}

export interface Segment {
	n: number;
	nodeId: string;
	nodeTitle: string;
	text: string;
	characters: number;
	billedCharacters: number;
	cached: boolean;
	durationSec: number | null;
	startSec: number | null;
	status: string;
	audioKey: string | null;
}

export interface VoiceProfile {
	id: string;
	name: string;
	provider: string;
	language: string;
	trainingStatus: 'pending' | 'training' | 'ready' | 'failed';
}
