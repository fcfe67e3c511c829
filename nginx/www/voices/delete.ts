import { ApiError, del } from '../api';
import { confirm } from '../ui/dialog';
import { toast, toastError } from '../ui/toast';
import { PROFILES, type Profile } from './types';

/* Asks, and deletes; whether it is gone. */
export async function deleteProfile({ id, name }: Profile): Promise<boolean> {
	const text = 'Its samples go with it. Steps that speak with it fail until they are given another voice.';
	if (!(await confirm({ title: `Delete the voice “${name}”?`, text, confirm: 'Delete voice', danger: true }))) return false;
	try {
		await del(`${PROFILES}/${id}`);
	} catch (error) {
		if (!(error instanceof ApiError && error.status === 404)) {
			toastError(error);
			return false;
		}
	}
	toast(`“${name}” deleted`);
	return true;
}
