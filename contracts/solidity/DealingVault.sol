// Requests of dealing days, in the life cycle of ERC-7540: pending (order locked) → claimable (allocated) → claimed (settled).
// One request id per dealing day, so that everybody of a day has one rate. Cash moves through the bank: amounts here mirror it.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ShareToken} from "./ShareToken.sol";

contract DealingVault is AccessControl {
    /// Mirrors the register: opens and strikes days, takes down orders, fills them.
    bytes32 public constant REGISTRAR = keccak256("REGISTRAR");
    /// Gives a lost wallet's rights to its party. Two people decide before this key signs.
    bytes32 public constant GUARDIAN = keccak256("GUARDIAN");
    uint256 private constant ONE = 1e18;

    ShareToken private immutable _share;
    /// Minor units of cash per unit of currency times 1e18, over base units of the share: turns a price into whole numbers.
    uint256 public immutable cashScale;
    uint256 public immutable unitScale;

    struct Day {
        /// Cash per unit with 18 decimals; 0 until the NAV is final.
        uint256 price;
        /// Part of every redemption that is filled, with 18 decimals; the same for all.
        uint256 fill;
        bool opened;
    }

    struct Request {
        uint256 pendingDeposit;
        uint256 claimableUnits;
        uint256 pendingRedeem;
        uint256 claimableCash;
        /// Orders behind what is pending: each was rounded down by itself in the register.
        uint32 deposits;
        uint32 redeems;
    }

    mapping(uint256 requestId => Day) public days_;
    mapping(uint256 requestId => mapping(address controller => Request)) public requests;
    mapping(address controller => uint256) public pendingUnits;
    mapping(address controller => mapping(address operator => bool)) public isOperator;
    uint256 public currentRequestId;
    /// Allocated and not yet claimed; together with the supply of the share these are the units on chain.
    uint256 public claimableUnitsTotal;
    uint256 public claimableCashTotal;
    uint256 public lastPrice;

    event DayOpened(uint256 indexed requestId);
    event DayStruck(uint256 indexed requestId, uint256 price, uint256 fill);
    event DepositRequest(address indexed controller, address indexed owner, uint256 indexed requestId, address sender, uint256 assets);
    event RedeemRequest(address indexed controller, address indexed owner, uint256 indexed requestId, address sender, uint256 shares);
    event DepositClaimable(address indexed controller, uint256 indexed requestId, uint256 assets, uint256 shares);
    event RedeemClaimable(address indexed controller, uint256 indexed requestId, uint256 assets, uint256 shares);
    event RequestCancelled(address indexed controller, uint256 indexed requestId, uint256 assets, uint256 shares);
    event Deposit(address indexed sender, address indexed owner, uint256 assets, uint256 shares);
    event Withdraw(address indexed sender, address indexed receiver, address indexed owner, uint256 assets, uint256 shares);
    event OperatorSet(address indexed controller, address indexed operator, bool approved);
    event RequestsMoved(address indexed lost, address indexed successor, uint256 indexed requestId, uint256 claimableUnits);

    error RequestIdForbidden();
    error NotOpen(uint256 requestId);
    error AlreadyStruck(uint256 requestId);
    error NotStruck(uint256 requestId);
    error NothingThere();
    error NotTheController(address controller);
    error NotCleared(address wallet);
    error AsynchronousOnly();
    error RequestsLeft(uint256 units);
    error NotTheRate(uint256 given, uint256 atRate);

    constructor(ShareToken share_, uint8 cashDecimals, address admin) {
        _share = share_;
        cashScale = 10 ** cashDecimals;
        unitScale = 10 ** share_.decimals();
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
    }

    // ── Days ────────────────────────────────────────────────────────────────────────────────────────────

    /// Opens the next dealing day, its date as yyyymmdd. Days only go forward; 0 is no day.
    function openDay(uint256 requestId) external onlyRole(REGISTRAR) {
        if (requestId == 0 || requestId <= currentRequestId) revert RequestIdForbidden();
        currentRequestId = requestId;
        days_[requestId].opened = true;
        emit DayOpened(requestId);
    }

    /// The final price of a day and the part of redemptions it fills. Once, for everybody.
    function strike(uint256 requestId, uint256 price, uint256 fill) external onlyRole(REGISTRAR) {
        Day storage day = days_[requestId];
        if (!day.opened) revert NotOpen(requestId);
        if (day.price != 0) revert AlreadyStruck(requestId);
        if (price == 0 || fill > ONE) revert NothingThere();
        day.price = price;
        day.fill = fill;
        lastPrice = price;
        emit DayStruck(requestId, price, fill);
    }

    // ── Requests: order locked ──────────────────────────────────────────────────────────────────────────

    /// Cash that the bank has cleared for a subscription, in minor units; entered by the registrar, never by a wallet.
    function requestDeposit(uint256 assets, address controller) external onlyRole(REGISTRAR) returns (uint256 requestId) {
        requestId = _openDay();
        if (assets == 0) revert NothingThere();
        if (!_share.gate().isCleared(controller)) revert NotCleared(controller);
        requests[requestId][controller].pendingDeposit += assets;
        requests[requestId][controller].deposits += 1;
        emit DepositRequest(controller, controller, requestId, msg.sender, assets);
    }

    /// Locks units for redemption; they stay in the wallet until they are filled.
    function requestRedeem(uint256 shares, address controller) external returns (uint256 requestId) {
        _onlyFor(controller);
        requestId = _openDay();
        if (shares == 0) revert NothingThere();
        _share.lock(controller, shares);
        requests[requestId][controller].pendingRedeem += shares;
        requests[requestId][controller].redeems += 1;
        pendingUnits[controller] += shares;
        emit RedeemRequest(controller, controller, requestId, msg.sender, shares);
    }

    /// Takes back what is pending of a controller; cash goes back through the bank.
    function cancel(uint256 requestId, address controller) external onlyRole(REGISTRAR) {
        Request storage request = requests[requestId][controller];
        (uint256 assets, uint256 shares) = (request.pendingDeposit, request.pendingRedeem);
        if (assets == 0 && shares == 0) revert NothingThere();
        (request.pendingDeposit, request.deposits) = (0, 0);
        (request.pendingRedeem, request.redeems) = (0, 0);
        pendingUnits[controller] -= shares;
        if (shares != 0) _share.unlock(controller, shares);
        emit RequestCancelled(controller, requestId, assets, shares);
    }

    // ── Fulfilment: allocated ───────────────────────────────────────────────────────────────────────────

    /// Pending → claimable for subscriptions, at the day's one rate. `units` is what the register allocated: never more than the rate
    /// gives, and less only by what rounding each order of the controller down by itself can take.
    function fulfilDeposits(
        uint256 requestId,
        address[] calldata controllers,
        uint256[] calldata units
    ) external onlyRole(REGISTRAR) {
        uint256 price = _struck(requestId).price;
        for (uint256 i = 0; i < controllers.length; i++) {
            Request storage request = requests[requestId][controllers[i]];
            uint256 assets = request.pendingDeposit;
            if (assets == 0) revert NothingThere();
            _checkRate(units[i], unitsFor(assets, price), request.deposits);
            (request.pendingDeposit, request.deposits) = (0, 0);
            request.claimableUnits += units[i];
            claimableUnitsTotal += units[i];
            emit DepositClaimable(controllers[i], requestId, assets, units[i]);
        }
    }

    /// Pending → claimable for redemptions, at the day's one rate and one fill. The units are burnt here: they leave the register at the
    /// dealing date and become a claim on cash. What the gate leaves unfilled is unlocked.
    function fulfilRedeems(
        uint256 requestId,
        address[] calldata controllers,
        uint256[] calldata units
    ) external onlyRole(REGISTRAR) {
        Day memory day = _struck(requestId);
        for (uint256 i = 0; i < controllers.length; i++) {
            address controller = controllers[i];
            Request storage request = requests[requestId][controller];
            uint256 shares = request.pendingRedeem;
            if (shares == 0) revert NothingThere();
            _checkRate(units[i], Math.mulDiv(shares, day.fill, ONE), request.redeems);
            (request.pendingRedeem, request.redeems) = (0, 0);
            pendingUnits[controller] -= shares;
            uint256 cash = cashFor(units[i], day.price);
            request.claimableCash += cash;
            claimableCashTotal += cash;
            if (units[i] != 0) _share.burnLocked(controller, units[i]);
            if (shares != units[i]) _share.unlock(controller, shares - units[i]);
            emit RedeemClaimable(controller, requestId, cash, units[i]);
        }
    }

    // ── Claims: settled ─────────────────────────────────────────────────────────────────────────────────

    /// Claimable → claimed: mints to the controller, and to nobody else.
    function claimUnits(uint256 requestId, address[] calldata controllers) external {
        for (uint256 i = 0; i < controllers.length; i++) {
            address controller = controllers[i];
            _onlyFor(controller);
            Request storage request = requests[requestId][controller];
            uint256 units = request.claimableUnits;
            if (units == 0) revert NothingThere();
            request.claimableUnits = 0;
            claimableUnitsTotal -= units;
            _share.mint(controller, units);
            emit Deposit(msg.sender, controller, cashFor(units, days_[requestId].price), units);
        }
    }

    /// The bank has paid: claimable cash → claimed.
    function settleCash(uint256 requestId, address[] calldata controllers) external onlyRole(REGISTRAR) {
        for (uint256 i = 0; i < controllers.length; i++) {
            Request storage request = requests[requestId][controllers[i]];
            uint256 cash = request.claimableCash;
            if (cash == 0) revert NothingThere();
            request.claimableCash = 0;
            claimableCashTotal -= cash;
            emit Withdraw(msg.sender, controllers[i], controllers[i], cash, 0);
        }
    }

    function setOperator(address operator, bool approved) external returns (bool) {
        isOperator[msg.sender][operator] = approved;
        emit OperatorSet(msg.sender, operator, approved);
        return true;
    }

    /// Wallets the fund keeps for holders who agreed to it: the registrar may request and claim for them, to themselves alone.
    function keep(address[] calldata controllers, address operator, bytes32 consent) external onlyRole(GUARDIAN) {
        if (consent == bytes32(0)) revert NothingThere();
        for (uint256 i = 0; i < controllers.length; i++) {
            isOperator[controllers[i]][operator] = true;
            emit OperatorSet(controllers[i], operator, true);
        }
    }

    /// Gives units and requests of a lost wallet to another wallet of the same party, all or nothing.
    function recover(address lost, address successor, uint256[] calldata ids, bytes32 legalBasis) external onlyRole(GUARDIAN) {
        _share.recover(lost, successor, legalBasis);
        for (uint256 i = 0; i < ids.length; i++) {
            Request storage from = requests[ids[i]][lost];
            Request storage to = requests[ids[i]][successor];
            to.pendingDeposit += from.pendingDeposit;
            to.deposits += from.deposits;
            to.redeems += from.redeems;
            to.claimableUnits += from.claimableUnits;
            to.pendingRedeem += from.pendingRedeem;
            to.claimableCash += from.claimableCash;
            pendingUnits[lost] -= from.pendingRedeem;
            pendingUnits[successor] += from.pendingRedeem;
            emit RequestsMoved(lost, successor, ids[i], from.claimableUnits);
            delete requests[ids[i]][lost];
        }
        if (pendingUnits[lost] != 0) revert RequestsLeft(pendingUnits[lost]);
    }

    // ── Views that are honest ───────────────────────────────────────────────────────────────────────────

    /// ERC-7575: the share this vault deals in.
    function share() external view returns (address) {
        return address(_share);
    }

    function pendingDepositRequest(uint256 requestId, address controller) external view returns (uint256) {
        return requests[requestId][controller].pendingDeposit;
    }

    function claimableDepositRequest(uint256 requestId, address controller) external view returns (uint256) {
        return cashFor(requests[requestId][controller].claimableUnits, days_[requestId].price);
    }

    function pendingRedeemRequest(uint256 requestId, address controller) external view returns (uint256) {
        return requests[requestId][controller].pendingRedeem;
    }

    /// Units behind the claimable cash, rounded down.
    function claimableRedeemRequest(uint256 requestId, address controller) external view returns (uint256) {
        uint256 price = days_[requestId].price;
        return price == 0 ? 0 : unitsFor(requests[requestId][controller].claimableCash, price);
    }

    /// At the last final price; says nothing about the next.
    function convertToShares(uint256 assets) external view returns (uint256) {
        return lastPrice == 0 ? 0 : unitsFor(assets, lastPrice);
    }

    function convertToAssets(uint256 shares) external view returns (uint256) {
        return cashFor(shares, lastPrice);
    }

    /// Units of the class on chain: held, and allocated but not yet claimed.
    function unitsOnChain() external view returns (uint256) {
        return _share.totalSupply() + claimableUnitsTotal;
    }

    /// Cash minor units → base units of the share, rounded down: never in favour of the claimer.
    function unitsFor(uint256 assets, uint256 price) public view returns (uint256) {
        return Math.mulDiv(assets, ONE * unitScale, price * cashScale);
    }

    /// Base units of the share → cash minor units, rounded down: never in favour of the claimer.
    function cashFor(uint256 shares, uint256 price) public view returns (uint256) {
        return Math.mulDiv(shares, price * cashScale, ONE * unitScale);
    }

    // A price that is not known yet cannot be previewed (ERC-7540).
    function previewDeposit(uint256) external pure returns (uint256) {
        revert AsynchronousOnly();
    }

    function previewMint(uint256) external pure returns (uint256) {
        revert AsynchronousOnly();
    }

    function previewWithdraw(uint256) external pure returns (uint256) {
        revert AsynchronousOnly();
    }

    function previewRedeem(uint256) external pure returns (uint256) {
        revert AsynchronousOnly();
    }

    // ── Who ─────────────────────────────────────────────────────────────────────────────────────────────

    function _onlyFor(address controller) private view {
        if (msg.sender != controller && !isOperator[controller][msg.sender]) revert NotTheController(controller);
    }

    function _struck(uint256 requestId) private view returns (Day memory day) {
        day = days_[requestId];
        if (day.price == 0) revert NotStruck(requestId);
    }

    function _checkRate(uint256 given, uint256 atRate, uint256 orders) private pure {
        if (given > atRate || given + orders <= atRate) revert NotTheRate(given, atRate);
    }

    function _openDay() private view returns (uint256 requestId) {
        requestId = currentRequestId;
        if (requestId == 0 || days_[requestId].price != 0) revert NotOpen(requestId);
    }
}
