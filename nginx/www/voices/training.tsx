/* Making the voice ready: with the speaker's consent where it is cloned, and with the reason where that is refused. */
import { useState } from 'react';
import { ApiError, messageOf, postOnce } from '../api';
import { serviceTitle } from '../services';
import { Button } from '../ui/button';
import { CheckField, TextField } from '../ui/field';
import { Notice } from '../ui/states';
import { toast } from '../ui/toast';
import { PROFILES, wantsSpokenConsent, type Profile } from './types';

interface Result {
	trainingStatus: Profile['trainingStatus'];
	message: string;
}

/* Faults of fields stand beside them; those of samples stand here. */
const FIELDS = ['speaker', 'company', 'locale'];

function Refusal({ error }: { error: unknown }) {
	const message = messageOf(error);
	const faults = Object.entries(error instanceof ApiError ? error.fields : {})
		.filter(([field, fault]) => !FIELDS.includes(field) && !message.includes(fault))
		.map(([, fault]) => fault);
	return (
		<Notice kind="bad" title="The voice was not trained">
			<p>{message}</p>
			{faults.length > 0 && (
				<ul>
					{faults.map((fault) => (
						<li key={fault}>{fault}</li>
					))}
				</ul>
			)}
		</Notice>
	);
}

export function Training({ profile, cloned, reload }: { profile: Profile; cloned: boolean; reload: () => Promise<void> }) {
	const [consent, setConsent] = useState(false);
	const [missing, setMissing] = useState(false);
	const spoken = wantsSpokenConsent(profile);
	const [said, setSaid] = useState({ speaker: '', company: '', locale: profile.language.includes('-') ? profile.language : 'en-US' });
	const [error, setError] = useState<unknown>(null);
	const [result, setResult] = useState<Result | null>(null);
	const { trainingStatus, trainingMessage } = profile;
	const faults = error instanceof ApiError ? error.fields : {};

	async function train() {
		setMissing(cloned && !consent);
		if (cloned && !consent) return;
		setError(null);
		setResult(null);
		try {
			const done = await postOnce<Result>(`${PROFILES}/${profile.id}/train`, cloned ? { consent: true, ...(spoken && said) } : {});
			if (done.trainingStatus === 'ready') toast(done.message);
			else setResult(done);
		} catch (failed) {
			setError(failed);
		}
		await reload();
	}

	return (
		<section className="card stack" aria-labelledby="training-title">
			<h2 id="training-title">Training</h2>
			{trainingStatus === 'ready' ? (
				<Notice kind="good">The voice is ready: workflows can speak with it.</Notice>
			) : trainingStatus === 'training' ? (
				<Notice title="The voice is in training">{trainingMessage ?? 'This page shows when it is ready.'}</Notice>
			) : (
				<>
					<p className="quiet">
						{cloned
							? `The samples are sent to ${serviceTitle(profile.provider)}, which makes a voice of them.`
							: `The samples are checked, and the voice of ${serviceTitle(profile.provider)} is made ready. At least one sample is needed.`}
					</p>
					{error !== null ? <Refusal error={error} /> : trainingStatus === 'failed' && <Notice kind="bad">{trainingMessage ?? 'The last training failed. Look at the samples, and try again.'}</Notice>}
					{result && <Notice kind="warn">{result.message}</Notice>}
					{cloned && (
						<CheckField
							label="It is my own voice, or its speaker has agreed to it being cloned."
							checked={consent}
							error={missing ? 'A voice is cloned only with its speaker’s consent.' : undefined}
							onChange={(event) => {
								setConsent(event.target.checked);
								setMissing(false);
							}}
						/>
					)}
					{spoken && (
						<div className="stack tight">
							<TextField label="Speaker" value={said.speaker} maxLength={200} help="The name, as the spoken consent has it." error={faults.speaker} onChange={(event) => setSaid({ ...said, speaker: event.target.value })} />
							<TextField label="Company" value={said.company} maxLength={200} help="The name, as the spoken consent has it." error={faults.company} onChange={(event) => setSaid({ ...said, company: event.target.value })} />
							<TextField label="Locale" value={said.locale} maxLength={20} spellCheck={false} help="Language and country of the spoken consent, such as en-US." error={faults.locale} onChange={(event) => setSaid({ ...said, locale: event.target.value })} />
						</div>
					)}
					<div className="row">
						<Button kind="primary" icon="voice" onClick={train}>
							{trainingStatus === 'failed' ? 'Train again' : 'Train'}
						</Button>
					</div>
				</>
			)}
		</section>
	);
}
