"""Every expected failure, as one tree (signatures.py, proof_reading.py: more); catalogs word each.

FieldError
├── EntryInvalidError          entry.invalid        bytes of an entry that cannot be read
├── DefinitionError            definition.invalid   files with problems, each with its line
├── PinWrongError              pin.wrong            wait_s until the next try
├── PinWaitError               pin.wait             tried before the wait was over
├── NotAllowedError            access.denied        action, person
├── RecordMissingError         record.missing       record not on this device
├── LabelError                 the code in view is no label to work with
│   ├── LabelUnreadableError   label.unreadable     no code found in the picture
│   ├── LabelUnknownError      label.unknown        no label of this product, or an id nobody knows
│   ├── LabelForgedError       label.forged         signature does not verify
│   ├── LabelRetiredError      label.retired        an older version of a label that was reissued
│   ├── LabelElsewhereError    label.elsewhere      plant: label of another plant
│   └── LabelMisplacedError    label.misplaced      asset, distance_m: a warning
├── SheetIncompleteError       sheet.incomplete     item: first open question, left: how many
├── UpkeepPhotoError           upkeep.photo         asset: its maintenance needs a photo
├── AnswerInvalidError         answer.invalid       item, reason
├── MoveRefusedError           move.refused         reason: why the workflow does not allow it now
├── ShotsMissingError          shots.missing        shots that the grade demands before dispatch
├── PictureError               picture.unreadable   not a picture we can read
│   ├── PictureTooLargeError   picture.too_large    more than the limit of pixels or bytes
├── CameraError                camera.unavailable   no camera, or no permission
├── PositionError              position.unavailable no position, or no permission
├── EnrolError                 enrol.refused        the server does not take this device
├── ServerAddressError         server.address       what was typed is no address
├── PinEasyError               pin.easy             a new PIN that anybody would try first
├── RegisterError              a change of administration that does not count
│   ├── RegisterRowError       register.row         table, key, column, problem: what is wrong in it
│   ├── RegisterChangedError   register.changed     somebody changed the row meanwhile
│   ├── RegisterOpenError      register.open        a proposal about the row waits for its answer
│   ├── RegisterSecondError    register.second      takes a second person with the same right
│   ├── RegisterOwnError       register.own         the own rights, or the own proposal
│   ├── RegisterLastError      register.last        nobody would be left to administer
│   ├── RegisterSeparateError  register.separate    administers and decides: one of both
│   └── RegisterFilesError     register.files       the definitions would have problems
├── ListError                  a file with a list that cannot be taken
│   ├── ListUnreadableError    list.unreadable      neither a workbook nor a text with columns
│   ├── ListTooLargeError      list.too_large       limit: bytes, rows or cells
│   └── ListHeadError          list.head            columns missing or twice; found
├── StoreError                 the database of this device cannot be used
│   ├── StoreDamagedError      store.damaged        the file fails its integrity check
│   ├── StoreTakenError        store.taken          another process has the store of the folder open
│   ├── StoreNewerError        store.newer          written by a newer version of the product
│   ├── DatabaseUnreachableError store.unreachable  the server's database does not let us in
│   └── StoreFullError         store.full           no space left on the device
├── ProofError                 proof.refused        reason, detail: no proof file or no proof
└── SyncError
    ├── OfflineError           sync.offline         no answer from the server
    │   └── StrangeReplyError  sync.strange         somebody else answers, or garbage
    ├── ServerRefusedError     sync.refused         code: what the server said
    │   └── ServerTroubleError sync.trouble         the server's own fault, it will be mended
    ├── DeviceBlockedError     device.blocked       an administrator shut this device out
    └── ChainBrokenError       sync.chain           the server holds another history of this device
"""


class FieldError(Exception):
    """An expected failure: a stable code and the params of its sentence."""

    code = "field"

    def __init__(self, **params: object) -> None:
        """Keep the params that the sentence of the catalog names."""
        super().__init__(self.code, params)
        self.params = params

    def __str__(self) -> str:
        return f"{self.code} {self.params}"


class EntryInvalidError(FieldError):
    """Bytes of an entry that cannot be read."""

    code = "entry.invalid"


class DefinitionError(FieldError):
    """Definition files with problems; `problems` says which and where."""

    code = "definition.invalid"


class PinWrongError(FieldError):
    """The PIN does not fit; `wait_s` until the next try."""

    code = "pin.wrong"


class PinWaitError(FieldError):
    """Tried again before the wait was over; `wait_s` left."""

    code = "pin.wait"


class NotAllowedError(FieldError):
    """The person has no right to this action here."""

    code = "access.denied"


class RecordMissingError(FieldError):
    """The record is not on this device."""

    code = "record.missing"


class LabelError(FieldError):
    """The code in view is no label to work with."""

    code = "label"


class LabelUnreadableError(LabelError):
    """No code was found in the picture."""

    code = "label.unreadable"


class LabelUnknownError(LabelError):
    """No label of this product, or an id nobody knows."""

    code = "label.unknown"


class LabelForgedError(LabelError):
    """The signature does not verify with the plant's key."""

    code = "label.forged"


class LabelRetiredError(LabelError):
    """An older version of a label that was reissued."""

    code = "label.retired"


class LabelElsewhereError(LabelError):
    """A good label of another plant; `plant` names it."""

    code = "label.elsewhere"


class LabelMisplacedError(LabelError):
    """A good label far from where its asset stands: a warning, the work goes on."""

    code = "label.misplaced"


class SheetIncompleteError(FieldError):
    """The checklist has open questions; `item` is the first, `left` how many."""

    code = "sheet.incomplete"


class UpkeepPhotoError(FieldError):
    """Maintenance of `asset` is handed in without the photo that its task demands."""

    code = "upkeep.photo"


class AnswerInvalidError(FieldError):
    """An answer that its question cannot take."""

    code = "answer.invalid"


class MoveRefusedError(FieldError):
    """The workflow does not allow this move now; `reason` says why."""

    code = "move.refused"


class ShotsMissingError(FieldError):
    """The grade demands photos before dispatch that are not there."""

    code = "shots.missing"


class AnswersMissingError(FieldError):
    """The plant asks something of a hazard before this step; `fields` names what."""

    code = "answers.missing"


class PictureError(FieldError):
    """Not a picture that can be read."""

    code = "picture.unreadable"


class PictureTooLargeError(PictureError):
    """More pixels or bytes than the limit."""

    code = "picture.too_large"


class ClipError(FieldError):
    """Not a video clip that can be read."""

    code = "clip.unreadable"


class ClipTooLongError(ClipError):
    """Lasts longer than `limit_s` seconds."""

    code = "clip.too_long"


class ClipTooLargeError(ClipError):
    """More than `limit_mb` megabytes."""

    code = "clip.too_large"


class CameraError(FieldError):
    """No camera: `reason` is "denied", "none" (or shut), "busy" (or silent) or "unsupported"."""

    code = "camera.unavailable"


class PositionError(FieldError):
    """No position, or no permission to know it."""

    code = "position.unavailable"


class EnrolError(FieldError):
    """The server does not take this device."""

    code = "enrol.refused"


class ServerAddressError(FieldError):
    """What was typed is no address of a server."""

    code = "server.address"


class PinEasyError(FieldError):
    """A new PIN that anybody would try first."""

    code = "pin.easy"


class RegisterError(FieldError):
    """A change of administration that does not count."""

    code = "register"


class RegisterRowError(RegisterError):
    """Something is wrong in the row: `table`, `key`, `column`, `problem`."""

    code = "register.row"


class RegisterChangedError(RegisterError):
    """Somebody changed the row, and this person had not seen it."""

    code = "register.changed"


class RegisterOpenError(RegisterError):
    """A proposal about the row waits for its answer."""

    code = "register.open"


class RegisterSecondError(RegisterError):
    """The change takes a second person with the same right."""

    code = "register.second"


class RegisterOwnError(RegisterError):
    """Nobody changes the own rights or confirms the own proposal."""

    code = "register.own"


class RegisterLastError(RegisterError):
    """Nobody would be left to administer accounts."""

    code = "register.last"


class RegisterSeparateError(RegisterError):
    """Who administers accounts decides nothing else."""

    code = "register.separate"


class RegisterFilesError(RegisterError):
    """The definitions would have problems with this row; `found` is the first."""

    code = "register.files"


class ListError(FieldError):
    """A file with a list that cannot be taken."""

    code = "list"


class ListUnreadableError(ListError):
    """Neither a workbook nor a text with columns."""

    code = "list.unreadable"


class ListTooLargeError(ListError):
    """Larger than the `limit` of bytes, rows or cells."""

    code = "list.too_large"


class ListHeadError(ListError):
    """`columns` are not in the list, or are in it twice; `found` are the names in its first row."""

    code = "list.head"


class StoreError(FieldError):
    """The database of this device cannot be used."""

    code = "store"


class StoreDamagedError(StoreError):
    """The database file fails its integrity check; `file` names it."""

    code = "store.damaged"


class StoreTakenError(StoreError):
    """Another process has the store of this `folder` open, and only one may."""

    code = "store.taken"


class StoreNewerError(StoreError):
    """A newer version of the product has written this database; `found` is its number."""

    code = "store.newer"


class DatabaseUnreachableError(StoreError):
    """The server's database does not let us in; `state` is its code, "url" for a bad address."""

    code = "store.unreachable"


class StoreFullError(StoreError):
    """No space is left on the device; nothing of this step was kept."""

    code = "store.full"


class SyncError(FieldError):
    """Device and server could not talk."""

    code = "sync"


class OfflineError(SyncError):
    """No answer from the server."""

    code = "sync.offline"


class StrangeReplyError(OfflineError):
    """What answers does not speak like our server: a sign-in page, a proxy, a fault."""

    code = "sync.strange"


class ServerRefusedError(SyncError):
    """The server answered with a refusal; `reason` is its code."""

    code = "sync.refused"


class ServerTroubleError(ServerRefusedError):
    """The server failed at something that is no fault of this device."""

    code = "sync.trouble"


class ChainBrokenError(SyncError):
    """The server holds another history of this device."""

    code = "sync.chain"


class DeviceBlockedError(SyncError):
    """An administrator shut this device out; `why` is what they wrote."""

    code = "device.blocked"
