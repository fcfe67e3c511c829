import { useResource } from '../use-resource';
import { Empty, Failure, Loading } from '../ui/states';

interface Workflow {
	id: string;
	name: string;
}

export default function WorkflowList() {
	const { data, error, reload } = useResource<Workflow[]>('/api/workflows');
	return (
		<>
			<header className="page-head">
				<h1>Workflows</h1>
			</header>
			{error ? (
				<Failure error={error} retry={reload} what="your workflows" />
			) : !data ? (
				<Loading what="your workflows" />
			) : data.length === 0 ? (
				<Empty icon="workflow" title="No workflows yet">
					A workflow turns a text into a voiceover, step by step.
				</Empty>
			) : (
				<ul>
					{data.map(({ id, name }) => (
						<li key={id}>{name}</li>
					))}
				</ul>
			)}
		</>
	);
}
