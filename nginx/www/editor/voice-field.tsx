/* Which of the user's voices speaks, by name, and how it sounds. */
import { TestSentence } from '../audio/test-sentence';
import { Link } from '../router';
import { Field } from '../ui/field';
import { faultOf } from './connect';
import { useEditor } from './context';
import type { FieldProps } from './fields';

const STATE = { ready: '', training: ' (is being trained)', pending: ' (not trained yet)', failed: ' (training failed)' };

export function VoiceField({ field, value, onChange }: FieldProps) {
	const { profiles } = useEditor();
	const id = typeof value === 'string' ? value : '';
	const list = profiles.data ?? [];
	const chosen = list.find((profile) => profile.id === id);
	const missing = id && profiles.data && !chosen ? 'This voice profile is gone, or belongs to somebody else. Choose another.' : null;
	const untrained = chosen && chosen.trainingStatus !== 'ready' ? 'This voice is not ready yet: train it, or choose another.' : null;
	return (
		<div className="stack tight">
			<Field label={field.label} help={field.help} error={missing ?? untrained ?? faultOf(field, value)}>
				{(ids) => (
					<select {...ids} value={id} onChange={(event) => onChange(event.target.value || undefined)} onFocus={() => void profiles.reload()}>
						<option value="">{list.length ? 'Choose a voice …' : profiles.data ? 'No voice profiles yet' : 'Loading …'}</option>
						{missing && <option value={id}>Unknown voice</option>}
						{list.map(({ id: profile, name, trainingStatus }) => (
							<option key={profile} value={profile}>
								{name}
								{STATE[trainingStatus] ?? ''}
							</option>
						))}
					</select>
				)}
			</Field>
			{profiles.data && (list.length === 0 || untrained) && (
				<p className="fine">
					<Link href={untrained ? `/voices/${id}` : '/voices'}>{untrained ? 'Open the voice profile' : 'Make a voice profile'}</Link>
				</p>
			)}
			{chosen?.trainingStatus === 'ready' && (
				<details className="preview">
					<summary>Hear this voice</summary>
					<TestSentence key={chosen.id} voice={chosen.id} />
				</details>
			)}
		</div>
	);
}
