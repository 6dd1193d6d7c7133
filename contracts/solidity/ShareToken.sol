// Units of one share class. Whoever receives a unit is cleared at that moment, whatever moved it: transfer, mint, forced transfer or recovery.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {Pausable} from "@openzeppelin/contracts/utils/Pausable.sol";
import {IdentityGate} from "./IdentityGate.sol";

contract ShareToken is ERC20, AccessControl, Pausable {
    /// Mints, burns and locks: the vault, and nobody else in a deployment of ours.
    bytes32 public constant VAULT = keccak256("VAULT");
    /// Freezes and moves by law, pauses in an incident. Two people decide before this key signs.
    bytes32 public constant GUARDIAN = keccak256("GUARDIAN");

    IdentityGate public immutable gate;
    uint8 private immutable _decimals;

    /// What a rule pack asks of a transfer, compiled to numbers. Zero means no limit.
    struct Limits {
        uint256 minHolding;
        uint256 maxHolding;
        uint256 minTransfer;
        /// Seconds after a wallet last received units in which it may transfer none.
        uint64 lockUp;
        /// Transfers between holders are allowed at all.
        bool transferable;
    }

    Limits public limits;
    mapping(address wallet => uint64) public lastReceived;
    mapping(address wallet => bool) public walletFrozen;
    mapping(address wallet => uint256) public frozenUnits;
    /// Units that wait for a redemption; the vault alone locks and unlocks.
    mapping(address wallet => uint256) public lockedUnits;

    event LimitsSet(Limits limits);
    event WalletFrozen(address indexed wallet, bool frozen, bytes32 indexed legalBasis);
    event UnitsFrozen(address indexed wallet, uint256 units, bytes32 indexed legalBasis);
    event UnitsLocked(address indexed wallet, uint256 units);
    event TransferForced(address indexed from, address indexed to, uint256 units, bytes32 indexed legalBasis);
    event WalletRecovered(address indexed lost, address indexed successor, uint256 units, bytes32 indexed legalBasis);

    error NotCleared(address wallet);
    error IsFrozen(address wallet);
    error NotAvailable(address wallet, uint256 available, uint256 asked);
    error NoLegalBasis();
    error NotTheSameParty();
    error OutsideLimits();

    /// Set while a forced transfer or a recovery runs: these pass freezes and limits, never the clearance of the recipient or a pause.
    bool private _byLaw;

    constructor(
        string memory name_,
        string memory symbol_,
        uint8 decimals_,
        IdentityGate gate_,
        address admin
    ) ERC20(name_, symbol_) {
        gate = gate_;
        _decimals = decimals_;
        limits.transferable = true;
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
    }

    function decimals() public view override returns (uint8) {
        return _decimals;
    }

    // ── Vault ───────────────────────────────────────────────────────────────────────────────────────────

    function mint(address to, uint256 units) external onlyRole(VAULT) {
        _mint(to, units);
    }

    /// Burns units that were locked for a redemption.
    function burnLocked(address from, uint256 units) external onlyRole(VAULT) {
        if (walletFrozen[from]) revert IsFrozen(from);
        lockedUnits[from] -= units;
        emit UnitsLocked(from, lockedUnits[from]);
        _burn(from, units);
    }

    function lock(address wallet, uint256 units) external onlyRole(VAULT) whenNotPaused {
        if (!gate.isCleared(wallet)) revert NotCleared(wallet);
        if (walletFrozen[wallet]) revert IsFrozen(wallet);
        uint256 free = availableUnits(wallet);
        if (units > free) revert NotAvailable(wallet, free, units);
        lockedUnits[wallet] += units;
        emit UnitsLocked(wallet, lockedUnits[wallet]);
    }

    function unlock(address wallet, uint256 units) external onlyRole(VAULT) whenNotPaused {
        lockedUnits[wallet] -= units;
        emit UnitsLocked(wallet, lockedUnits[wallet]);
    }

    /// Gives all units of a lost wallet, with their locks and freezes, to another wallet of the same party.
    function recover(address lost, address successor, bytes32 legalBasis) external onlyRole(VAULT) {
        if (legalBasis == bytes32(0)) revert NoLegalBasis();
        if (lost == successor || !gate.sameParty(lost, successor)) revert NotTheSameParty();
        uint256 units = balanceOf(lost);
        _byLaw = true;
        _transfer(lost, successor, units);
        _byLaw = false;
        lockedUnits[successor] += lockedUnits[lost];
        frozenUnits[successor] += frozenUnits[lost];
        // a freeze follows the party; the lost wallet stays shut for ever
        if (walletFrozen[lost]) walletFrozen[successor] = true;
        lockedUnits[lost] = 0;
        frozenUnits[lost] = 0;
        walletFrozen[lost] = true;
        emit WalletRecovered(lost, successor, units, legalBasis);
    }

    // ── Guardian ────────────────────────────────────────────────────────────────────────────────────────

    function setLimits(Limits calldata next) external onlyRole(GUARDIAN) {
        limits = next;
        emit LimitsSet(next);
    }

    function freezeWallet(address wallet, bool frozen, bytes32 legalBasis) external onlyRole(GUARDIAN) {
        if (legalBasis == bytes32(0)) revert NoLegalBasis();
        walletFrozen[wallet] = frozen;
        emit WalletFrozen(wallet, frozen, legalBasis);
    }

    /// Sets how many units of a wallet are frozen; more than it holds freezes what comes in later too.
    function freezeUnits(address wallet, uint256 units, bytes32 legalBasis) external onlyRole(GUARDIAN) {
        if (legalBasis == bytes32(0)) revert NoLegalBasis();
        frozenUnits[wallet] = units;
        emit UnitsFrozen(wallet, units, legalBasis);
    }

    /// Moves units by law, past freezes and limits. Units under a redemption stay: the redemption is undone first.
    function forceTransfer(address from, address to, uint256 units, bytes32 legalBasis) external onlyRole(GUARDIAN) {
        if (legalBasis == bytes32(0)) revert NoLegalBasis();
        uint256 movable = balanceOf(from) - lockedUnits[from];
        if (units > movable) revert NotAvailable(from, movable, units);
        _byLaw = true;
        _transfer(from, to, units);
        _byLaw = false;
        // what is left cannot be less than what is frozen of it
        uint256 left = balanceOf(from) - lockedUnits[from];
        if (frozenUnits[from] > left) frozenUnits[from] = left;
        emit TransferForced(from, to, units, legalBasis);
    }

    function pause() external onlyRole(GUARDIAN) {
        _pause();
    }

    function unpause() external onlyRole(GUARDIAN) {
        _unpause();
    }

    // ── Rules ───────────────────────────────────────────────────────────────────────────────────────────

    /// Units a wallet may transfer or redeem: neither frozen nor locked.
    function availableUnits(address wallet) public view returns (uint256) {
        uint256 bound = frozenUnits[wallet] + lockedUnits[wallet];
        uint256 held = balanceOf(wallet);
        return bound >= held ? 0 : held - bound;
    }

    /// The one gate of every movement.
    function _update(address from, address to, uint256 units) internal override whenNotPaused {
        if (to != address(0)) {
            if (!gate.isCleared(to)) revert NotCleared(to);
            if (!_byLaw && walletFrozen[to]) revert IsFrozen(to);
        }
        bool ordinary = from != address(0) && to != address(0) && !_byLaw;
        if (ordinary) _checkTransfer(from, to, units);
        super._update(from, to, units);
        if (to != address(0)) lastReceived[to] = uint64(block.timestamp);
    }

    function _checkTransfer(address from, address to, uint256 units) private view {
        if (!gate.isCleared(from)) revert NotCleared(from);
        if (walletFrozen[from]) revert IsFrozen(from);
        uint256 free = availableUnits(from);
        if (units > free) revert NotAvailable(from, free, units);
        Limits memory rule = limits;
        uint256 left = balanceOf(from) - units;
        uint256 held = (from == to ? left : balanceOf(to)) + units;
        if (
            !rule.transferable ||
            units < rule.minTransfer ||
            block.timestamp < uint256(lastReceived[from]) + rule.lockUp && rule.lockUp != 0 ||
            (rule.maxHolding != 0 && held > rule.maxHolding) ||
            held < rule.minHolding ||
            (from != to && left != 0 && left < rule.minHolding)
        ) revert OutsideLimits();
    }
}
