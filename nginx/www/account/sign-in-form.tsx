/* Email and password; used by the sign-in page, and over any page when the session has ended. */
import { useState, type FormEvent } from 'react';
import { ApiError, messageOf, postOnce } from '../api';
import { signedIn, type Session } from '../session';
import { Button } from '../ui/button';
import { TextField } from '../ui/field';
import { Notice } from '../ui/states';

export function SignInForm({ email: known = '', onDone }: { email?: string; onDone?: () => void }) {
	const [error, setError] = useState<unknown>(null);
	const [busy, setBusy] = useState(false);
	const fields = error instanceof ApiError ? error.fields : {};

	async function submit(event: FormEvent<HTMLFormElement>) {
		event.preventDefault();
		const form = new FormData(event.currentTarget);
		setBusy(true);
		setError(null);
		try {
			signedIn(await postOnce<Session>('/api/auth/login', { email: form.get('email'), password: form.get('password') }));
			onDone?.();
		} catch (failed) {
			setError(failed);
			setBusy(false);
		}
	}

	return (
		<form className="stack" onSubmit={(event) => void submit(event)} noValidate>
			{error !== null && Object.keys(fields).length === 0 && <Notice kind="bad">{messageOf(error)}</Notice>}
			<TextField label="Email" name="email" type="email" autoComplete="username" defaultValue={known} autoFocus={!known} error={fields.email} />
			<TextField label="Password" name="password" type="password" autoComplete="current-password" autoFocus={!!known} error={fields.password} />
			<Button kind="primary" type="submit" busy={busy}>
				Sign in
			</Button>
		</form>
	);
}
