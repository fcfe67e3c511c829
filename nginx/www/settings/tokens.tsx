/* Personal access tokens: with them programs call the API as the user. A token is shown once, when it is made. */
import { useRef, useState, type FormEvent } from 'react';
import { ApiError, del, messageOf, postOnce } from '../api';
import { formatAgo, formatDate } from '../format';
import { Button } from '../ui/button';
import { Dialog, confirm } from '../ui/dialog';
import { Field, TextField } from '../ui/field';
import { Empty, Failure, Loading, Notice } from '../ui/states';
import { toast, toastError } from '../ui/toast';
import { useResource } from '../use-resource';
import type { AccessToken } from './types';

const TOKENS = '/api/settings/tokens';

type NewToken = AccessToken & { token: string };

function NameDialog({ onClose, onMade }: { onClose: () => void; onMade: (token: NewToken) => void }) {
	const [error, setError] = useState<unknown>(null);
	const [busy, setBusy] = useState(false);
	const fields = error instanceof ApiError ? error.fields : {};

	async function submit(event: FormEvent<HTMLFormElement>) {
		event.preventDefault();
		const form = new FormData(event.currentTarget);
		setBusy(true);
		setError(null);
		try {
			onMade(await postOnce<NewToken>(TOKENS, { name: String(form.get('name')).trim() }));
		} catch (failed) {
			setError(failed);
			setBusy(false);
		}
	}

	return (
		<Dialog
			title="New access token"
			onClose={onClose}
			actions={
				<>
					<Button onClick={onClose}>Cancel</Button>
					<Button kind="primary" type="submit" form="access-token" busy={busy}>
						Create token
					</Button>
				</>
			}
		>
			<form id="access-token" className="stack" onSubmit={(event) => void submit(event)} noValidate>
				{error !== null && Object.keys(fields).length === 0 && <Notice kind="bad">{messageOf(error)}</Notice>}
				<TextField label="Name" name="name" maxLength={100} help="What will use it, so that you know it again." error={fields.name} />
			</form>
		</Dialog>
	);
}

/* Not closed by a click beside it: the token could not be had again. */
function TokenDialog({ made, onClose }: { made: NewToken; onClose: () => void }) {
	const field = useRef<HTMLInputElement>(null);
	const [copied, setCopied] = useState(false);

	async function copy() {
		try {
			await navigator.clipboard.writeText(made.token);
			setCopied(true);
		} catch {
			field.current?.select();
			toast('The browser does not let it be copied. It is selected: copy it yourself.', { kind: 'error' });
		}
	}

	return (
		<Dialog
			title={`Token “${made.name}”`}
			actions={
				<>
					<Button icon={copied ? 'check' : 'copy'} onClick={copy}>
						{copied ? 'Copied' : 'Copy'}
					</Button>
					<Button kind="primary" onClick={onClose}>
						Done
					</Button>
				</>
			}
		>
			<Notice kind="warn">Copy it now: it is not shown again. Whoever has it can do what you can.</Notice>
			<Field label="Token">{(ids) => <input {...ids} ref={field} className="mono" type="text" readOnly value={made.token} onFocus={(event) => event.target.select()} />}</Field>
			<p className="visually-hidden" role="status">
				{copied && 'Copied'}
			</p>
		</Dialog>
	);
}

export function Tokens() {
	const { data, error, reload, setData } = useResource<AccessToken[]>(TOKENS);
	const [naming, setNaming] = useState(false);
	const [made, setMade] = useState<NewToken | null>(null);

	async function remove({ id, name }: AccessToken) {
		if (!(await confirm({ title: `Delete the token “${name}”?`, text: 'Programs that use it are refused from then on.', confirm: 'Delete token', danger: true }))) return;
		try {
			await del(`${TOKENS}/${id}`);
			toast(`Token “${name}” deleted`);
		} catch (failed) {
			if (!(failed instanceof ApiError && failed.status === 404)) return toastError(failed);
		}
		setData((all) => all.filter((token) => token.id !== id));
	}

	function show(token: NewToken) {
		const { id, name, createdAt, lastUsedAt } = token;
		setNaming(false);
		setMade(token);
		setData((all) => [{ id, name, createdAt, lastUsedAt }, ...all]);
	}

	const create = (
		<Button icon="plus" onClick={() => setNaming(true)}>
			New token
		</Button>
	);
	return (
		<section aria-labelledby="tokens-title">
			<header className="settings-head">
				<h2 id="tokens-title">Access tokens</h2>
				{data && data.length > 0 && create}
				<p className="quiet">With a token, a program of yours calls the API as you, without your password.</p>
			</header>
			{error && !data ? (
				<Failure error={error} retry={reload} what="your access tokens" />
			) : !data ? (
				<Loading what="your access tokens" />
			) : data.length === 0 ? (
				<Empty icon="link" title="No access tokens yet" actions={create} />
			) : (
				<ul className="settings-list plain-list">
					{data.map((token) => (
						<li key={token.id} className="settings-row">
							<div className="settings-what">
								<h3>{token.name}</h3>
								<p className="fine">
									<span title={formatDate(token.createdAt)}>Made {formatAgo(token.createdAt)}</span>
									{' · '}
									{token.lastUsedAt ? <span title={formatDate(token.lastUsedAt)}>last used {formatAgo(token.lastUsedAt)}</span> : 'never used'}
								</p>
							</div>
							<div className="row settings-actions">
								<Button size="small" kind="quiet" icon="trash" iconOnly onClick={() => remove(token)}>
									{`Delete the token ${token.name}`}
								</Button>
							</div>
						</li>
					))}
				</ul>
			)}
			{naming && <NameDialog onClose={() => setNaming(false)} onMade={show} />}
			{made && <TokenDialog made={made} onClose={() => setMade(null)} />}
		</section>
	);
}
